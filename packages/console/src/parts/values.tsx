/** What an execution was started with, what its steps printed, and what came out. */
import { urlOf } from '../api.ts';
import { useFetch, useThrottled } from '../live.ts';
import { ProblemBox } from './problem-box.tsx';
import { ValueView } from './value-view.tsx';

const PRINTS_MAX = 50;
const REFRESH_MS = 2_000;

/** `version` changes when there are new events. */
export function Values({ id, version, ended }: { id: string; version: string; ended: boolean }) {
  const turn = useThrottled(version, REFRESH_MS);
  const events = (query: { types: string; limit: number; order?: 'DESC'; results?: boolean }) =>
    urlOf('/api/executions/{id}/events', { path: { id }, query });
  const begun = useFetch(events({ types: 'playbook.initialized', limit: 1 }));
  const exits = useFetch(
    events({ types: 'step.exit', order: 'DESC', results: false, limit: PRINTS_MAX }),
    turn,
  );
  const outcome = useFetch(
    ended ? urlOf('/api/executions/{id}', { path: { id }, query: { page_size: 1 } }) : null,
    turn,
  );
  const prints = (exits.data?.events ?? [])
    .filter(({ meta }) => meta?.stdout)
    .reverse()
    .map(({ node_name, meta }) => `${node_name}: ${meta?.stdout ?? ''}`);
  return (
    <section aria-labelledby="values">
      <h2 id="values">Input and result</h2>
      <ProblemBox problem={begun.problem ?? exits.problem ?? outcome.problem} />
      <ValueView label="Input" value={workloadOf(begun.data?.events[0]?.result)} />
      <ValueView label="Prints" value={prints.join('')} />
      <ValueView label="Result" value={ended ? outcome.data?.result : 'none yet'} />
    </section>
  );
}

/** Of what an execution began with. */
function workloadOf(result: unknown): unknown {
  return typeof result === 'object' && result !== null && 'workload' in result ? result.workload : undefined;
}
