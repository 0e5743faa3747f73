/** A document of the catalog: its versions, its text with what the check says of it, its graph, and running it. */
import { useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { api, asProblem, done, urlOf, yaml, type Problem, type Schemas } from '../api.ts';
import { when } from '../format.ts';
import { useFetch } from '../live.ts';
import { Findings } from '../parts/findings.tsx';
import { PlaybookGraph } from '../parts/playbook-graph.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { RunForm } from '../parts/run-form.tsx';
import { YamlView } from '../parts/yaml-view.tsx';

type Entry = Schemas['CatalogEntry'];
type Checked = Schemas['Validation'];

export function PlaybookPage({ path }: { path: string }) {
  const newest = useFetch(urlOf('/api/catalog/{path}', { path: { path } }));
  const [version, setVersion] = useState<number>();
  const shown = version ?? newest.data?.version;
  const { entry, checked, problem } = useVersion(path, shown);
  const [, navigate] = useLocation();
  return (
    <>
      <p className="crumbs">
        <Link href="/catalog">Catalog</Link>
      </p>
      <h1>{path}</h1>
      <ProblemBox problem={newest.problem ?? problem} />
      {newest.data && shown !== undefined && (
        <div className="filters">
          <label>
            Version
            <select value={shown} onChange={(event) => setVersion(Number(event.target.value))}>
              {newest.data.versions.map(({ version: each, created_at }) => (
                <option key={each} value={each}>
                  {each}, {when(created_at)}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      {checked && (
        <>
          <Findings title="Faults" findings={checked.faults} tone="bad" />
          <Findings title="Remarks" findings={checked.warnings} tone="warn" />
        </>
      )}
      <div className="columns">
        {checked?.workload && shown !== undefined && (
          <RunForm
            key={shown}
            path={path}
            version={shown}
            workload={checked.workload}
            onStarted={(id) => navigate(`/executions/${id}`)}
          />
        )}
        {checked?.graph && (
          <section aria-labelledby="graph">
            <h2 id="graph">Steps</h2>
            <PlaybookGraph graph={checked.graph} />
          </section>
        )}
      </div>
      {entry && (
        <section aria-labelledby="text">
          <h2 id="text">Document</h2>
          <YamlView text={entry.content} findings={checked ? [...checked.faults, ...checked.warnings] : []} />
        </section>
      )}
    </>
  );
}

/** A version's text, and what the check says of it now. */
function useVersion(
  path: string,
  version: number | undefined,
): { entry: Entry | undefined; checked: Checked | undefined; problem: Problem | undefined } {
  const [loaded, setLoaded] = useState<{ entry: Entry; checked: Checked | undefined }>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    if (version === undefined) return undefined;
    let isWanted = true;
    const load = async (): Promise<void> => {
      const entry = await done(api.POST('/api/catalog/resource', { body: { path, version } }));
      const checked =
        entry.kind === 'Playbook'
          ? await done(api.POST('/api/catalog/validate', yaml(entry.content)))
          : undefined;
      if (isWanted) setLoaded({ entry, checked });
    };
    load().catch((error: unknown) => {
      if (isWanted) setProblem(asProblem(error));
    });
    return () => {
      isWanted = false;
    };
  }, [path, version]);
  return { entry: loaded?.entry, checked: loaded?.checked, problem };
}
