/** The ten counters of a loop. */
import type { Counters } from '../answers.ts';
import { count } from '../format.ts';

const COUNTERS = [
  ['pending', 'pending'],
  ['running', 'running'],
  ['succeeded', 'succeeded'],
  ['failed', 'failed'],
  ['timed_out', 'timed out'],
  ['aborted', 'aborted'],
  ['total', 'total'],
  ['results_written', 'results written'],
  ['failures_not_redrivable', 'not redrivable'],
  ['pending_redrive', 'pending redrive'],
] as const;

export function CounterTiles({ loop }: { loop: Counters }) {
  return (
    <dl className="tiles ten">
      {COUNTERS.map(([key, name]) => (
        <div key={key} className={loop[key] > 0 ? `tile ${key}` : 'tile'}>
          <dt>{name}</dt>
          <dd data-counter={key}>{count(loop[key])}</dd>
        </div>
      ))}
    </dl>
  );
}
