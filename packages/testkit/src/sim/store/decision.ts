/** `store/src/execution.ts`, `decision.ts`, `plain-decision.ts` and `chunk.ts` on the modelled tables. */
import type { ExecutionState } from '@noetl/engine';
import type {
  CommandNotice,
  EngineEvent,
  ExecutionStatus,
  Id,
  LoopOpening,
  StepCommand,
} from '@noetl/protocol';
import type { Process, Work } from '../world.ts';
import { Deadlock } from './locks.ts';
import { transaction, type Database, type Tx } from './database.ts';
import { jsonb } from './jsonb.ts';
import {
  commandKey,
  executionKey,
  loopKeyOf,
  type CommandRow,
  type ExecutionRow,
  type LoopRow,
} from './rows.ts';

/** The row, its snapshot and what came after, or what came after the state that the caller holds. */
export interface Locked {
  execution: ExecutionRow;
  snapshot?: ExecutionState | null;
  events: EngineEvent[];
}

const above = (events: readonly EngineEvent[] | undefined, after: Id): EngineEvent[] =>
  (events ?? []).filter(({ event_id }) => BigInt(event_id) > BigInt(after));

const DEADLOCK_TRIES = 5;

/** Again when Postgres ends a deadlock at its cost. */
export function* withExecution<T>(
  db: Database,
  process: Process,
  executionId: Id,
  decide: (tx: Tx, locked: Locked) => Work<T>,
  known?: Id,
): Work<T | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      return yield* decideOnce(db, process, executionId, decide, known);
    } catch (error) {
      if (!(error instanceof Deadlock) || tries === DEADLOCK_TRIES) throw error;
    }
  }
}

function decideOnce<T>(
  db: Database,
  process: Process,
  executionId: Id,
  decide: (tx: Tx, locked: Locked) => Work<T>,
  known: Id | undefined,
): Work<T | undefined> {
  return transaction(db, process, function* (tx) {
    yield* tx.lock(executionKey(executionId));
    const execution = tx.get('execution', executionKey(executionId));
    if (!execution) return undefined;
    const { snapshot_event_id, last_event_id } = execution;
    const isKnown =
      known !== undefined &&
      BigInt(known) >= BigInt(snapshot_event_id) &&
      BigInt(known) <= BigInt(last_event_id);
    if (!isKnown) yield* tx.statement();
    const snapshot = isKnown ? {} : { snapshot: snapshotOf(tx, executionId) };
    yield* tx.statement();
    const events = above(db.events.get(executionId), isKnown ? known : snapshot_event_id);
    return yield* decide(tx, { execution, events, ...snapshot });
  });
}

function snapshotOf(tx: Tx, executionId: Id): ExecutionState | null {
  const text = tx.get('execution', executionKey(executionId))?.snapshot ?? null;
  return text === null ? null : (JSON.parse(text) as ExecutionState);
}

export interface News {
  last_event_id: Id;
  events: EngineEvent[];
}

export function newsSince(
  db: Database,
  process: Process,
  executionId: Id,
  version: Id,
): Work<News | undefined> {
  return read(db, process, () => {
    const row = db.rows.execution.get(executionKey(executionId));
    if (!row || row.ended || row.cancel_requested !== null) return undefined;
    if (BigInt(row.snapshot_event_id) > BigInt(version) || BigInt(row.last_event_id) < BigInt(version))
      return undefined;
    return { last_event_id: row.last_event_id, events: above(db.events.get(executionId), version) };
  });
}

/** One statement that changes nothing. */
export function read<T>(db: Database, process: Process, look: () => T): Work<T> {
  return transaction(
    db,
    process,
    function* () {
      yield { wait: 0 };
      return look();
    },
    { single: true },
  );
}

interface Plain {
  execution_id: Id;
  events: EngineEvent[];
  commands: StepCommand[];
  last_event_id: Id;
  status: ExecutionStatus;
}

/** False when something has happened that the decision does not know of, or, of an end, something is still open. */
export function commitPlain(
  db: Database,
  process: Process,
  decision: Plain & { expected: Id },
  onCommit: () => void,
): Work<boolean> {
  return transaction(
    db,
    process,
    function* (tx) {
      yield* tx.lock(executionKey(decision.execution_id));
      const row = tx.get('execution', executionKey(decision.execution_id));
      if (!row || row.ended || row.cancel_requested !== null || row.last_event_id !== decision.expected)
        return false;
      const ended = TERMINAL.includes(decision.status);
      if (ended && isAnythingOpen(tx, decision.execution_id)) return false;
      append(tx, decision);
      tx.onCommit = onCommit;
      const { last_event_id, status } = decision;
      tx.put('execution', {
        ...row,
        last_event_id,
        advanced_event_id: last_event_id,
        status,
        ...(ended && { ended, paused: false }),
        updated_at: db.world.now,
      });
      return true;
    },
    { single: true },
  );
}

function isAnythingOpen(tx: Tx, executionId: Id): boolean {
  return (
    loopsOf(tx, executionId).some(({ state }) => state !== 'done') ||
    commandsOf(tx, executionId).some(({ state }) => state === 'pending' || state === 'leased')
  );
}

function append(tx: Tx, { execution_id, events, commands }: Plain): void {
  for (const event of events) tx.appended.push({ execution_id, event: jsonb(event) });
  for (const { command_id, step } of commands)
    tx.put('command', { ...newCommand(tx, execution_id, command_id, step), lane: 'step' });
}

function newCommand(tx: Tx, execution_id: Id, command_id: Id, step: string): CommandRow {
  return {
    execution_id,
    command_id,
    step,
    lane: 'chunk',
    loop_id: null,
    from: 0,
    to: 0,
    state: 'pending',
    attempt: 0,
    worker: null,
    lease_until: 0,
    available_at: tx.db.world.now,
    deaths: 0,
    cursor: null,
    died_at: [],
  };
}

/** A chunk of a loop, as the next value of the sequence. */
export function insertChunk(
  tx: Tx,
  { execution_id, loop_id, step }: { execution_id: Id; loop_id: Id; step: string },
  from: number,
  to: number,
): CommandNotice {
  const command_id = tx.db.nextChunkId();
  tx.put('command', { ...newCommand(tx, execution_id, command_id, step), loop_id, from, to });
  return { execution_id, command_id, lane: 'chunk' };
}

export interface Decided extends Plain {
  loops: LoopOpening[];
  snapshot?: ExecutionState;
}

const TERMINAL: readonly ExecutionStatus[] = ['COMPLETED', 'FAILED', 'CANCELLED'];

/** In the caller's transaction, under the execution's lock. */
export function* commitDecision(tx: Tx, row: ExecutionRow, decision: Decided): Work {
  const { execution_id, last_event_id, status, snapshot } = decision;
  yield* tx.statement();
  append(tx, decision);
  for (const loop of decision.loops) insertLoop(tx, execution_id, loop);
  yield* tx.statement();
  const ended = TERMINAL.includes(status);
  tx.put('execution', {
    ...row,
    status,
    last_event_id,
    advanced_event_id: last_event_id,
    updated_at: tx.db.world.now,
    ended,
    ...(ended && { paused: false }),
    ...(snapshot && { snapshot: JSON.stringify(jsonb(snapshot)), snapshot_event_id: last_event_id }),
  });
  if (ended) yield* stopWork(tx, execution_id);
}

function insertLoop(tx: Tx, execution_id: Id, opening: LoopOpening): void {
  const { loop_id, step, base_event_id, size, mode, iterator, on_error, concurrency, tolerated } = opening;
  tx.put('loop', {
    ...{ loop_id, step, base_event_id, size, mode, iterator, on_error, concurrency },
    ...(tolerated && { tolerated }),
    execution_id,
    max_in_flight: opening.max_in_flight ?? null,
    next_index: 0,
    completed: 0,
    failed: 0,
    open_chunks: 0,
    state: 'open',
    filled_at: 0,
    paused: false,
  });
}

/** The first chunks of a loop that has just been opened. */
export function* openChunks(
  tx: Tx,
  executionId: Id,
  loopId: Id,
  plan: { window: number; chunk_size: number },
): Work<CommandNotice[]> {
  yield* tx.statement();
  const loop = tx.get('loop', loopKeyOf(executionId, loopId));
  if (!loop) return [];
  const chunks = Math.min(plan.window, Math.ceil((loop.size - loop.next_index) / plan.chunk_size));
  const at = (n: number): number => Math.min(loop.size, loop.next_index + n * plan.chunk_size);
  tx.put('loop', { ...loop, next_index: at(chunks), open_chunks: loop.open_chunks + chunks });
  return Array.from({ length: chunks }, (_, n) => insertChunk(tx, loop, at(n), at(n + 1)));
}

/** An execution that has ended wants nothing more; what is left of its loops is counted anew. */
function* stopWork(tx: Tx, executionId: Id): Work {
  yield* tx.statement();
  const isActive = ({ state }: LoopRow): boolean => state === 'open' || state === 'stopping';
  const stopped: string[] = [];
  for (const { loop_id } of loopsOf(tx, executionId).filter(isActive)) {
    const key = loopKeyOf(executionId, loop_id);
    yield* tx.lock(key);
    const loop = tx.get('loop', key);
    if (!loop || !isActive(loop)) continue;
    tx.put('loop', { ...loop, state: 'stopping', paused: false });
    stopped.push(loop_id);
  }
  yield* tx.statement();
  const isPending = ({ state }: CommandRow): boolean => state === 'pending';
  cancelPending(tx, commandsOf(tx, executionId).filter(isPending));
  yield* tx.statement();
  const open = commandsOf(tx, executionId).filter(({ state }) => state === 'pending' || state === 'leased');
  for (const loop_id of stopped) {
    const loop = tx.get('loop', loopKeyOf(executionId, loop_id)) as LoopRow;
    const open_chunks = open.filter((command) => command.loop_id === loop_id).length;
    const filled = open_chunks === 0 ? { state: 'filled' as const, filled_at: tx.db.world.now } : {};
    tx.put('loop', { ...loop, open_chunks, ...filled });
  }
}

const loopsOf = (tx: Tx, executionId: Id): LoopRow[] =>
  [...tx.scan('loop')].filter(({ execution_id }) => execution_id === executionId);
const commandsOf = (tx: Tx, executionId: Id): CommandRow[] =>
  [...tx.scan('command')].filter(({ execution_id }) => execution_id === executionId);

/** Cancels those that are still pending, and how many; what somebody has locked is skipped. */
export function cancelPending(tx: Tx, seen: readonly CommandRow[], heldToo?: Id): number {
  let cancelled = 0;
  for (const { execution_id, command_id } of seen) {
    const key = commandKey(execution_id, command_id);
    const row = tx.get('command', key);
    if (row?.state !== 'pending' && !(row?.state === 'leased' && command_id === heldToo)) continue;
    if (!tx.tryLock(key)) continue;
    tx.put('command', { ...row, state: 'cancelled' });
    cancelled += 1;
  }
  return cancelled;
}

/** With `commandId`, also that one chunk of a worker that died. The caller has locked the loop's row. */
export function dropChunks(tx: Tx, executionId: Id, loopId: Id, commandId?: Id): void {
  const seen = [...tx.scan('command')].filter(
    (command) =>
      command.execution_id === executionId &&
      command.loop_id === loopId &&
      (command.state === 'pending' || (command.state === 'leased' && command.command_id === commandId)),
  );
  const dropped = cancelPending(tx, seen, commandId);
  const loop = tx.get('loop', loopKeyOf(executionId, loopId));
  if (loop?.state !== 'stopping') return;
  const open_chunks = loop.open_chunks - dropped;
  const filled = open_chunks === 0 ? { state: 'filled' as const, filled_at: tx.db.world.now } : {};
  tx.put('loop', { ...loop, open_chunks, ...filled });
}
