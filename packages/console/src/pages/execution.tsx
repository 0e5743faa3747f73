/** One execution: where it stands, its graph, what went wrong, what went in and came out, its events. */
import { Link, useLocation } from 'wouter';
import type { Summary } from '../answers.ts';
import { api, done, urlOf } from '../api.ts';
import { lasted, when } from '../format.ts';
import { useAction, useFetch, useLive } from '../live.ts';
import { EventLog } from '../parts/event-log.tsx';
import { LoopLine } from '../parts/loop-line.tsx';
import { PlaybookGraph } from '../parts/playbook-graph.tsx';
import { ProblemBox } from '../parts/problem-box.tsx';
import { RunControls } from '../parts/run-controls.tsx';
import { StatusMark } from '../parts/status.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { Values } from '../parts/values.tsx';

export function ExecutionPage({ id }: { id: string }) {
  const { data, problem } = useLive(urlOf('/api/executions/{id}/summary', { path: { id } }));
  const graph = useFetch(urlOf('/api/executions/{id}/graph', { path: { id } }));
  const loopHref = (step: string): string => `/executions/${id}/loops/${encodeURIComponent(step)}`;
  return (
    <>
      <p className="crumbs">
        <Link href="/executions">Executions</Link>
      </p>
      <h1>
        {data?.path ?? 'Execution'} <small>{id}</small>
      </h1>
      <ProblemBox problem={problem} />
      {data && <Head summary={data} />}
      {data?.error && <Failure summary={data} />}
      <div className="columns">
        <section aria-labelledby="graph">
          <h2 id="graph">Steps</h2>
          <ProblemBox problem={graph.problem} />
          {graph.data && (
            <PlaybookGraph
              graph={graph.data}
              steps={data?.steps ?? []}
              loops={data?.loops ?? []}
              loopHref={loopHref}
            />
          )}
        </section>
        <div>
          {data && data.loops.length > 0 && (
            <section aria-labelledby="loops">
              <h2 id="loops">Loops</h2>
              {data.loops.map((loop) => (
                <LoopLine key={loop.step} loop={loop} href={loopHref(loop.step)} />
              ))}
            </section>
          )}
          {data && <Timeline id={id} version={data.last_event_id} ended={data.completed_at} />}
          {data && (
            <Values
              id={id}
              version={`${data.status} ${data.last_event_id}`}
              ended={data.completed_at !== null}
            />
          )}
        </div>
      </div>
      {data && <EventLog id={id} version={data.last_event_id} />}
    </>
  );
}

function Head({ summary }: { summary: Summary }) {
  const [, navigate] = useLocation();
  const { execution_id: id, status, paused, completed_at, started_at, path, version } = summary;
  const { run, busy, problem } = useAction();
  const open = summary.loops.reduce((sum, { pending, running }) => sum + pending + running, 0);
  return (
    <div className="head">
      <StatusMark status={status} paused={paused} />
      <span>
        {when(started_at)}, {lasted(started_at, completed_at, Date.now())}
      </span>
      <Link href={`/catalog/${path}`}>version {version}</Link>
      {completed_at === null && (
        <RunControls
          id={id}
          paused={paused}
          warning={`Ends the execution and its children; ${String(open)} items of loops are open.`}
        />
      )}
      {completed_at !== null && (
        <button
          type="button"
          disabled={busy}
          onClick={() =>
            run(async () => {
              const again = await done(api.POST('/api/executions/{id}/rerun', { params: { path: { id } } }));
              navigate(`/executions/${again.execution_id}`);
            })
          }
        >
          Run again
        </button>
      )}
      <ProblemBox problem={problem} />
    </div>
  );
}

function Failure({ summary }: { summary: Summary }) {
  const failed = summary.steps.filter(({ status }) => status === 'FAILED');
  return (
    <div className="problem" role="alert">
      <strong>
        {failed.length > 0 ? `Step ${failed.map(({ step }) => step).join(', ')} failed` : 'Failed'}
      </strong>
      <pre>{summary.error}</pre>
      <p>
        {summary.loops.some(({ failed: items }) => items > 0) ? (
          <Link href={`/dead-letters/${summary.execution_id}`}>See what failed, and redrive it.</Link>
        ) : (
          'Look into the events of the step below; correct the playbook, then run it again.'
        )}
      </p>
    </div>
  );
}
