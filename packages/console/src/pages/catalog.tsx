/** The catalog: the newest version of every document, and registering another. */
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { api, done, urlOf, yaml, type Finding } from '../api.ts';
import { when } from '../format.ts';
import { useAction, useFetch } from '../live.ts';
import { Findings } from '../parts/findings.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { YamlView } from '../parts/yaml-view.tsx';
import { Table } from '../parts/table.tsx';

export function CatalogPage() {
  const { data, problem } = useFetch(urlOf('/api/catalog', { query: { limit: 500 } }));
  return (
    <>
      <h1>Catalog</h1>
      <ProblemBox problem={problem} />
      {data && (
        <Table
          heads={['Path', 'Kind', 'Newest version', 'Registered']}
          empty="Nothing is registered yet: paste a playbook below."
        >
          {data.entries.map(({ path, kind, version, created_at }) => (
            <tr key={path}>
              <td>
                <Link href={`/catalog/${path}`}>{path}</Link>
              </td>
              <td>{kind}</td>
              <td>{version}</td>
              <td>{when(created_at)}</td>
            </tr>
          ))}
        </Table>
      )}
      <RegisterForm />
    </>
  );
}

function RegisterForm() {
  const [text, setText] = useState('');
  const { run, busy, problem } = useAction();
  const [, navigate] = useLocation();
  const register = async (): Promise<void> => {
    const { path } = await done(api.POST('/api/catalog/register', yaml(text)));
    navigate(`/catalog/${path}`);
  };
  const faults: Finding[] = problem?.faults ?? [];
  return (
    <section aria-labelledby="register">
      <h2 id="register">Register a playbook</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          run(register);
        }}
      >
        <label className="stacked">
          YAML
          <textarea
            rows={14}
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <button type="submit" className="main" disabled={busy || text.trim() === ''}>
          Register
        </button>
      </form>
      {faults.length === 0 ? (
        <ProblemBox problem={problem} />
      ) : (
        <Findings title="Faults" findings={faults} tone="bad" />
      )}
      {faults.length > 0 && <YamlView text={text} findings={faults} />}
    </section>
  );
}
