/**
 * Closes one finished loop: brings the K/V count up to what Postgres holds, counts the rows, appends `loop.done` exactly
 * once, and wakes the decider. When rows are missing, or NATS is, the loop stays open: the sweep comes back.
 */
import { loopKey, notifyAdvance, raiseCompleted, type Bus } from '@noetl/bus';
import type { ExecutionTraces, Failpoint, Log } from '@noetl/service';
import { closeLoop, countLoop, getLoop, type LoopKey, type LoopRow, type Store } from '@noetl/store';
import type { AggregatorRecorder } from './metrics.ts';

/** Results up to this size travel inside `loop.done`; beyond it, a reference. */
const INLINE_MAX_BYTES = 64 * 1024;

export interface AggregatorDeps {
  store: Store;
  bus: Bus;
  log: Log;
  failpoint: Failpoint;
  record: AggregatorRecorder;
  traces?: ExecutionTraces | undefined;
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
  const startedAt = performance.now();
  const [counted] = await Promise.all([
    countLoop(deps.store, loop, INLINE_MAX_BYTES),
    // Before it is closed: nobody comes back to the count of a loop that is done.
    showCount(deps.bus, loop),
  ]);
  if (!counted) return loop.state === 'done';
  await deps.failpoint('aggregator.counted');
  const closed = await closeLoop(deps.store, counted, deps.nowMs());
  await deps.failpoint('aggregator.closed');
  if (closed) {
    deps.record.closed((performance.now() - startedAt) / 1000);
    traceLoop(deps, loop);
    notifyAdvance(deps.bus, loop.execution_id);
    deps.log.info('loop done', { ...key, step: loop.step });
  }
  return closed;
}

/** One span for the loop as a whole; its chunks stand under it. */
function traceLoop({ traces, nowMs }: AggregatorDeps, loop: LoopRow): void {
  traces?.record(loop.execution_id, {
    part: `event:${loop.loop_id}`,
    name: loop.step,
    startMs: loop.created_at.getTime(),
    endMs: nowMs(),
    attributes: {
      'noetl.kind': 'loop',
      'noetl.size': loop.size,
      'noetl.completed': loop.completed,
      'noetl.failed': loop.failed,
    },
  });
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
