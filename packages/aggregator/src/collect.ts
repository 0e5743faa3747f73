/**
 * Closes one finished loop: counts the rows in Postgres, appends `loop.done` exactly once, brings the K/V count up to
 * what Postgres holds, and wakes the decider. When rows are missing, nothing happens: the sweep comes back.
 */
import { loopKey, notifyAdvance, raiseCompleted, type Bus } from '@noetl/bus';
import type { Log } from '@noetl/service';
import { closeLoop, getLoop, type LoopKey, type LoopRow, type Store } from '@noetl/store';

/** Results up to this size travel inside `loop.done`; beyond it, a reference. */
const INLINE_MAX_BYTES = 64 * 1024;

export interface AggregatorDeps {
  store: Store;
  bus: Bus;
  log: Log;
  /** Unix time. */
  nowMs: () => number;
}

/** True when this call, or an earlier one, has closed the loop. */
export async function collect(deps: AggregatorDeps, key: LoopKey): Promise<boolean> {
  const loop = await getLoop(deps.store, key);
  if (!loop) {
    deps.log.warn('asked to aggregate a loop that Postgres does not know', { ...key });
    return true;
  }
  const { closed } = await closeLoop(deps.store, key, {
    inline_max_bytes: INLINE_MAX_BYTES,
    nowMs: deps.nowMs(),
  });
  if (closed) {
    notifyAdvance(deps.bus, loop.execution_id);
    deps.log.info('loop done', { ...key, step: loop.step });
  }
  const latest = (await getLoop(deps.store, key)) ?? loop;
  await showCount(deps.bus, latest);
  return latest.state === 'done';
}

/** Raises the loop's entry in K/V to the count that Postgres holds. */
export async function showCount(bus: Bus, loop: LoopRow): Promise<void> {
  await raiseCompleted(bus, loopKey(loop.execution_id, loop.step, loop.loop_id), {
    collection_size: loop.size,
    completed_count: loop.completed,
    iterator: loop.iterator,
    mode: loop.mode,
    event_id: loop.loop_id,
  });
}
