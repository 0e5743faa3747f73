/**
 * Finds what notices missed: finished loops that nobody aggregated, and counts in K/V that fell behind Postgres
 * (a worker died between its commit and its raise, or NATS lost its data).
 */
import { loopKey, readLoopState } from '@noetl/bus';
import { filledLoops, runningLoops, type LoopKey } from '@noetl/store';
import { collect, showCount, type AggregatorDeps } from './collect.ts';

const FILLED_OLDER_THAN_MS = 2_000;
const BATCH = 100;

// Each returns how many it did something about.

export async function sweepFilledLoops(deps: AggregatorDeps): Promise<number> {
  const filled = await filledLoops(deps.store, { older_than_ms: FILLED_OLDER_THAN_MS, limit: BATCH });
  for (const key of filled) {
    deps.log.info('aggregating a loop whose notice was lost', { ...key });
    await collect(deps, key);
  }
  return filled.length;
}

/** Walks all running loops by pages and raises entries that are behind. */
export async function sweepLoopStates(deps: AggregatorDeps): Promise<number> {
  let raised = 0;
  for (let after: LoopKey | undefined; ;) {
    const loops = await runningLoops(deps.store, { ...(after && { after }), limit: BATCH });
    for (const loop of loops) {
      const shown = await readLoopState(deps.bus, loopKey(loop.execution_id, loop.step, loop.loop_id));
      if (shown && shown.completed_count >= loop.completed) continue;
      const { execution_id, loop_id, step, completed } = loop;
      deps.log.info('raising a count that fell behind', { execution_id, loop_id, step, completed });
      await showCount(deps.bus, loop);
      raised += 1;
    }
    const last = loops.at(-1);
    if (!last || loops.length < BATCH) return raised;
    after = last;
  }
}
