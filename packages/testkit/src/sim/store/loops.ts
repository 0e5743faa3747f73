/** `store/src/close-loop.ts`, `sweep.ts` and the reads of `loop.ts`. */
import { idSource, NoetlError, type EngineEvent, type Id, type LoopResult } from '@noetl/protocol';
import type { LoopKey } from '@noetl/store';
import type { Process, Work } from '../world.ts';
import { transaction, type Database } from './database.ts';
import { read } from './decision.ts';
import { exceeds } from './finish.ts';
import { jsonb } from './jsonb.ts';
import { executionKey, loopKeyOf, type LoopRow } from './rows.ts';

const keyOf = ({ execution_id, loop_id }: LoopKey): string => loopKeyOf(execution_id, loop_id);

export function getLoop(db: Database, process: Process, key: LoopKey): Work<LoopRow | undefined> {
  return read(db, process, () => db.rows.loop.get(keyOf(key)));
}

/** Closed by this very call, or not. */
export function* closeLoop(db: Database, process: Process, key: LoopKey): Work<boolean> {
  const before = yield* getLoop(db, process, key);
  if (before?.state !== 'filled') return false;
  const rows = yield* read(db, process, () => [...(db.iterations.get(loopOf(key))?.values() ?? [])]);
  if (rows.length !== before.completed) return false;
  const failed = rows.filter((row) => row.failed).length;
  return yield* transaction(db, process, function* (tx) {
    yield* tx.lock(executionKey(key.execution_id));
    const execution = tx.get('execution', executionKey(key.execution_id));
    yield* tx.statement();
    yield* tx.lock(keyOf(key));
    const loop = tx.get('loop', keyOf(key));
    if (!execution || loop?.state !== 'filled') return false;
    tx.put('loop', { ...loop, state: 'done' });
    const ids = idSource(execution.last_event_id, process.nowMs);
    yield* tx.statement();
    const event = jsonb(loopDone(ids.next(), before, rows.length, failed));
    tx.appended.push({ execution_id: key.execution_id, event });
    yield* tx.statement();
    tx.put('execution', { ...execution, last_event_id: ids.last(), updated_at: db.world.now });
    return true;
  });
}

export const loopOf = ({ execution_id, loop_id }: LoopKey): string => `${execution_id}/${loop_id}`;

function loopDone(event_id: Id, loop: LoopRow, rows: number, failed: number): EngineEvent {
  const stats = { total: loop.size, success: rows - failed, failed, not_started: loop.size - rows };
  const isBorne = loop.tolerated ? !exceeds(loop, failed) : failed === 0 || loop.on_error === 'continue';
  const isFailed = stats.not_started > 0 || !isBorne;
  const error = failed > 0 ? new NoetlError('CODE_EXCEPTION', 'an item failed').toInfo() : undefined;
  const result: LoopResult = { results: [], stats, ...(error && { error }) };
  const shared = { event_id, event_type: 'loop.done', loop_id: loop.loop_id, node_name: loop.step } as const;
  if (!isFailed) return { ...shared, status: 'COMPLETED', result };
  return { ...shared, status: 'FAILED', result, error: 'an item failed' };
}

export function filledLoops(db: Database, process: Process, olderThanMs: number): Work<LoopKey[]> {
  return read(db, process, () =>
    [...db.rows.loop.values()].filter(
      (loop) => loop.state === 'filled' && loop.filled_at < db.world.now - olderThanMs,
    ),
  );
}

export function runningLoops(db: Database, process: Process): Work<LoopRow[]> {
  return read(db, process, () => [...db.rows.loop.values()].filter((loop) => loop.state !== 'done'));
}

export function executionsToAdvance(db: Database, process: Process, olderThanMs: number): Work<Id[]> {
  return read(db, process, () =>
    [...db.rows.execution.values()]
      .filter(
        (row) =>
          !row.ended &&
          (BigInt(row.last_event_id) > BigInt(row.advanced_event_id) ||
            row.last_event_id === '0' ||
            row.cancel_requested !== null) &&
          row.updated_at < db.world.now - olderThanMs,
      )
      .map((row) => row.execution_id),
  );
}

export function overdueExecutions(db: Database, process: Process): Work<Id[]> {
  return read(db, process, () =>
    [...db.rows.execution.values()]
      .filter((row) => !row.ended && row.deadline !== null && row.deadline < db.world.now)
      .map((row) => row.execution_id),
  );
}
