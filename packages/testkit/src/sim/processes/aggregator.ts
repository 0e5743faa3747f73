/** The aggregator: `collect.ts` and `sweep.ts`. */
import type { Bus } from '../bus/bus.ts';
import type { Database } from '../store/database.ts';
import type { LoopKey } from '@noetl/store';
import { closeLoop, filledLoops, getLoop, loopOf, runningLoops } from '../store/loops.ts';
import { isPassing, type Process, type Work } from '../world.ts';

const COLLECT_AT_ONCE = 4;
const AGAIN_MS = 500;
const FILLED_OLDER_THAN_MS = 2_000;
const SWEEP_MS = 1_000;

export function startAggregator(process: Process, db: Database, bus: Bus): void {
  /** True when this call, or an earlier one, has closed the loop. */
  function* collect(key: LoopKey): Work<boolean> {
    const loop = yield* getLoop(db, process, key);
    if (!loop) return true;
    yield* bus.kv.raise(process, loopOf(key), loop.completed);
    if (loop.state !== 'filled') return loop.state === 'done';
    const closed = yield* closeLoop(db, process, key);
    if (closed) {
      process.note(`closes loop ${loopOf(key)}`);
      bus.notifyAdvance(process, key.execution_id);
    }
    return closed;
  }
  function* sweepFilled(): Work {
    for (const key of yield* filledLoops(db, process, FILLED_OLDER_THAN_MS)) yield* collect(key);
  }
  function* sweepStates(): Work {
    for (const loop of yield* runningLoops(db, process)) {
      const shown = yield* bus.kv.get(loopOf(loop));
      if (!shown || shown.completed_count < loop.completed)
        yield* bus.kv.raise(process, loopOf(loop), loop.completed);
    }
  }
  process.every(SWEEP_MS, sweepFilled);
  process.every(SWEEP_MS * 5, sweepStates);
  bus.aggregate.subscribe(process, COLLECT_AT_ONCE, (delivery, done) => {
    function* handle(): Work {
      try {
        if (yield* collect(delivery.notice)) delivery.ack();
        else delivery.nak(AGAIN_MS);
      } catch (error) {
        if (!isPassing(error)) throw error;
        delivery.nak(AGAIN_MS);
      }
      done();
    }
    process.spawn(handle());
  });
}
