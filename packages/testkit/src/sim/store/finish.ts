/** `store/src/finish-chunk.ts` and `finish-step.ts`: the fences, the count, and what a chunk leaves to others. */
import { clockId, type CommandNotice, type EngineEvent, type Id } from '@noetl/protocol';
import type { Process, Work } from '../world.ts';
import { transaction, type Database, type Tx } from './database.ts';
import { cancelPending, insertChunk } from './decision.ts';
import { jsonb } from './jsonb.ts';
import {
  commandKey,
  executionKey,
  loopKeyOf,
  type CommandRow,
  type IterationRow,
  type LoopRow,
} from './rows.ts';

export interface FinishedChunk {
  execution_id: Id;
  command_id: Id;
  loop_id: Id;
  rows: IterationRow[];
  remaining: [number, number][];
  window: number;
  chunk_size: number;
  stop: boolean;
}

export interface ChunkCommit {
  completed: number;
  size: number;
  filled: boolean;
  issued: CommandNotice[];
}

/** Undefined: somebody else has finished it. `unfenced` is a mutation. */
export function* finishChunk(
  db: Database,
  process: Process,
  chunk: FinishedChunk,
  unfenced: boolean,
): Work<ChunkCommit | undefined> {
  return yield* transaction(db, process, function* (tx): Work<ChunkCommit | undefined> {
    yield* tx.statement();
    const { execution_id, command_id, loop_id, rows } = chunk;
    const key = commandKey(execution_id, command_id);
    yield* tx.lock(key);
    const command = tx.get('command', key);
    if (!command) return undefined;
    if (!unfenced && command.state !== 'pending' && command.state !== 'leased') return undefined;
    tx.put('command', { ...command, state: 'done', worker: process.id });
    const before = tx.get('loop', loopKeyOf(execution_id, loop_id));
    if (rows.length > 0 && before) {
      yield* tx.statement();
      tx.appended.push({ execution_id, loop_id, base_event_id: before.base_event_id, iterations: rows });
    }
    yield* tx.statement();
    return yield* count(tx, chunk);
  });
}

/** The statement `COUNT`: it sees the commands of its start, and the loop as it is once its row is locked. */
function* count(tx: Tx, chunk: FinishedChunk): Work<ChunkCommit> {
  const { execution_id, loop_id, remaining } = chunk;
  const seen = [...tx.scan('command')].filter(
    (command) =>
      command.execution_id === execution_id && command.loop_id === loop_id && command.state === 'pending',
  );
  yield* tx.lock(loopKeyOf(execution_id, loop_id));
  const loop = tx.get('loop', loopKeyOf(execution_id, loop_id)) as LoopRow;
  const failed = chunk.rows.filter((row) => row.failed).length;
  const stopNow = chunk.stop || exceeds(loop, loop.failed + failed);
  const stops = loop.state !== 'open' || stopNow;
  const others = loop.open_chunks - 1;
  const size = sizeOf(loop, chunk);
  const back = stops ? 0 : handedBack(chunk, others, size);
  const free = Math.min(chunk.window - others - back, Math.ceil((loop.size - loop.next_index) / size));
  const fresh = stops ? 0 : Math.max(0, free);
  const dropped = stopNow ? cancelPending(tx, seen) : 0;
  const open_chunks = others + back + fresh - dropped;
  const completed = loop.completed + chunk.rows.length;
  const at = (n: number): number => Math.min(loop.size, loop.next_index + n * size);
  tx.put('loop', {
    ...loop,
    completed,
    failed: loop.failed + failed,
    next_index: at(fresh),
    open_chunks,
    state: open_chunks === 0 ? 'filled' : stops ? 'stopping' : loop.state,
    ...(open_chunks === 0 && { filled_at: tx.db.world.now }),
  });
  const ranges = back > 0 ? split(remaining, back) : [];
  for (let n = 0; n < fresh; n += 1) ranges.push([at(n), at(n + 1)]);
  const issued = ranges.map(([from, to]) => insertChunk(tx, loop, from, to));
  return { completed, size: loop.size, filled: open_chunks === 0, issued };
}

/** Towards the end of a parallel loop chunks get smaller. */
function sizeOf(loop: LoopRow, { window, chunk_size }: FinishedChunk): number {
  if (window === 1) return chunk_size;
  const share = Math.ceil((loop.size - loop.next_index) / (2 * window));
  return Math.min(chunk_size, Math.max(loop.concurrency, Math.ceil(chunk_size / 4), share));
}

/** In how many parts what was not started goes back. */
function handedBack({ remaining, window }: FinishedChunk, others: number, size: number): number {
  const [only] = remaining;
  if (!only || remaining.length !== 1) return remaining.length;
  return Math.max(1, Math.min(window - others, Math.ceil((only[1] - only[0]) / size)));
}

function split(remaining: readonly [number, number][], parts: number): [number, number][] {
  const [only] = remaining;
  if (!only || remaining.length !== 1) return [...remaining];
  const [first, end] = only;
  const at = (n: number): number => first + Math.floor(((end - first) * n) / parts);
  return Array.from({ length: parts }, (_, n) => [at(n), at(n + 1)]);
}

/** Whether so many failures are more than the loop bears. */
export function exceeds({ tolerated, size }: LoopRow, failed: number): boolean {
  const { count: most, percent } = tolerated ?? {};
  return (most !== undefined && failed > most) || (percent !== undefined && failed > (size * percent) / 100);
}

export interface FinishedStep {
  execution_id: Id;
  command_id: Id;
  failed: boolean;
  result: EngineEvent['result'];
}

/** True when this outcome is the one that counts. */
export function finishStep(db: Database, process: Process, finished: FinishedStep): Work<boolean> {
  const { execution_id, command_id } = finished;
  return transaction(
    db,
    process,
    function* (tx) {
      const clock = clockId(process.nowMs);
      // Without the lock it only reads the row, so its answer may be old when it writes.
      yield* tx.lock(executionKey(execution_id));
      const execution = tx.get('execution', executionKey(execution_id));
      if (db.withoutExecutionLock) yield { wait: 1 };
      const key = commandKey(execution_id, command_id);
      yield* tx.lock(key);
      const command = tx.get('command', key);
      if (!execution || !command || (command.state !== 'pending' && command.state !== 'leased')) return false;
      tx.put('command', { ...command, state: 'done', worker: process.id });
      const next = BigInt(execution.last_event_id) + 1n;
      const first = clock > next ? clock : next;
      for (const [offset, event] of factsOf(command, finished).entries()) {
        const event_id = (first + BigInt(offset)).toString();
        tx.appended.push({ execution_id, event: jsonb({ ...event, event_id }) as EngineEvent });
      }
      const last_event_id = (first + 1n).toString();
      tx.put('execution', { ...execution, last_event_id, updated_at: db.world.now });
      return true;
    },
    { single: true },
  );
}

function factsOf({ step, command_id }: CommandRow, { failed, result }: FinishedStep): object[] {
  const status = failed ? 'FAILED' : 'COMPLETED';
  const fact = { node_name: step, status, command_id };
  return [
    { ...fact, event_type: failed ? 'call.error' : 'call.done', result: null },
    { ...fact, event_type: 'step.exit', result },
  ];
}
