/** `store/src/command.ts`, `pause.ts` and `createExecution`: claims, leases, and what is published again. */
import { idSource, type CommandNotice, type Id } from '@noetl/protocol';
import type { Process, Work } from '../world.ts';
import { transaction, type Database, type Tx } from './database.ts';
import { dropChunks, read } from './decision.ts';
import { commandKey, executionKey, loopKeyOf, type CommandRow, type LoopRow } from './rows.ts';

export type Claim =
  | { kind: 'claimed'; command: CommandRow; loop_failed: number }
  | { kind: 'busy'; retry_ms: number }
  | { kind: 'gone'; reason: string };

interface Key {
  execution_id: Id;
  command_id: Id;
}

interface Taken {
  row: CommandRow;
  loop_state: string | undefined;
  loop_failed: number;
  ended: boolean;
}

export function isPaused(db: Database, { execution_id, loop_id }: CommandRow): boolean {
  const loop = loop_id === null ? undefined : db.rows.loop.get(loopKeyOf(execution_id, loop_id));
  return db.rows.execution.get(executionKey(execution_id))?.paused === true || loop?.paused === true;
}

export function* claimCommand(db: Database, process: Process, key: Key, leaseMs: number): Work<Claim> {
  const { execution_id, command_id } = key;
  const taken = yield* take(db, process, key, leaseMs);
  if (!taken) return yield* whyNot(db, process, key);
  const { row, loop_state, loop_failed, ended } = taken;
  if (row.loop_id !== null && loop_state !== 'open') {
    const { loop_id } = row;
    yield* transaction(db, process, function* (tx) {
      yield* tx.lock(loopKeyOf(execution_id, loop_id));
      yield* tx.statement();
      dropChunks(tx, execution_id, loop_id, command_id);
    });
    return { kind: 'gone', reason: 'its loop has stopped' };
  }
  if (ended) {
    yield* letGo(db, process, key);
    return { kind: 'gone', reason: 'its execution has ended' };
  }
  return { kind: 'claimed', command: row, loop_failed };
}

function letGo(db: Database, process: Process, { execution_id, command_id }: Key): Work {
  return transaction(
    db,
    process,
    function* (tx) {
      const key = commandKey(execution_id, command_id);
      yield* tx.lock(key);
      const row = tx.get('command', key);
      if (row?.state === 'leased' && row.worker === process.id)
        tx.put('command', { ...row, state: 'cancelled' });
    },
    { single: true },
  );
}

/** The statement `CLAIM`: loop and execution are those of its start, the command's row as it is once locked. */
function take(db: Database, process: Process, key: Key, leaseMs: number): Work<Taken | undefined> {
  return transaction(
    db,
    process,
    function* (tx): Work<Taken | undefined> {
      const { now } = db.world;
      const at = commandKey(key.execution_id, key.command_id);
      const before = tx.get('command', at);
      if (!before || isPaused(db, before)) return undefined;
      const execution = tx.get('execution', executionKey(key.execution_id));
      const loop =
        before.loop_id === null ? undefined : tx.get('loop', loopKeyOf(key.execution_id, before.loop_id));
      yield* tx.lock(at);
      const row = tx.get('command', at) as CommandRow;
      const free = row.lease_until < now || row.worker === process.id;
      if (row.state !== 'pending' && !(row.state === 'leased' && free)) return undefined;
      const died = row.state === 'leased' && row.worker !== process.id;
      const leased = {
        ...row,
        state: 'leased' as const,
        worker: process.id,
        attempt: row.attempt + 1,
        lease_until: now + leaseMs,
        deaths: row.deaths + (died ? 1 : 0),
        cursor: null,
        died_at: died && row.cursor !== null ? [...row.died_at, row.cursor] : row.died_at,
      };
      tx.put('command', leased);
      return {
        row: leased,
        loop_state: loop?.state,
        loop_failed: loop?.failed ?? 0,
        ended: execution?.ended === true,
      };
    },
    { single: true },
  );
}

function whyNot(db: Database, process: Process, { execution_id, command_id }: Key): Work<Claim> {
  return read(db, process, (): Claim => {
    const row = db.rows.command.get(commandKey(execution_id, command_id));
    if (!row) return { kind: 'gone', reason: 'Postgres does not know it' };
    const wait = row.lease_until - db.world.now;
    if (isPaused(db, row) && (row.state === 'pending' || wait <= 0))
      return { kind: 'gone', reason: 'it is paused' };
    if (row.state === 'leased' || row.state === 'pending')
      return { kind: 'busy', retry_ms: Math.max(50, Math.ceil(wait)) };
    return { kind: 'gone', reason: `it is ${row.state}` };
  });
}

/** Extends leases; those that are still the caller's, and whether they are paused. */
export function heartbeat(
  db: Database,
  process: Process,
  keys: readonly string[],
  leaseMs: number,
): Work<Map<string, boolean>> {
  return transaction(
    db,
    process,
    function* (tx): Work<Map<string, boolean>> {
      const kept = new Map<string, boolean>();
      for (const key of keys) {
        const seen = tx.get('command', key);
        if (!seen || tx.get('execution', executionKey(seen.execution_id))?.ended !== false) continue;
        yield* tx.lock(key);
        const row = tx.get('command', key) as CommandRow;
        if (row.state !== 'leased' || row.worker !== process.id) continue;
        tx.put('command', { ...row, lease_until: db.world.now + leaseMs });
        kept.set(key, isPaused(db, row));
      }
      return kept;
    },
    { single: true },
  );
}

export function staleCommands(
  db: Database,
  process: Process,
  olderThanMs: number,
): Work<(CommandNotice & { attempt: number })[]> {
  return transaction(
    db,
    process,
    function* (tx): Work<(CommandNotice & { attempt: number })[]> {
      yield { wait: 0 };
      const { now } = db.world;
      const stale = [...db.rows.command.values()].filter(
        (row) =>
          (row.state === 'pending' || (row.state === 'leased' && row.lease_until < now)) &&
          row.available_at < now - olderThanMs &&
          !isPaused(db, row) &&
          db.locks.isFree(commandKey(row.execution_id, row.command_id)),
      );
      for (const row of stale) tx.put('command', { ...row, available_at: now });
      return stale.map(({ execution_id, command_id, lane, attempt }) => ({
        execution_id,
        command_id,
        lane,
        attempt,
      }));
    },
    { single: true },
  );
}

/** Says which item runs next. False: the command is no longer this worker's. */
export function writeCursor(
  db: Database,
  process: Process,
  command: CommandRow,
  index: number,
): Work<boolean> {
  return transaction(
    db,
    process,
    function* (tx) {
      const key = commandKey(command.execution_id, command.command_id);
      yield* tx.lock(key);
      const row = tx.get('command', key);
      if (row?.state !== 'leased' || row.worker !== process.id) return false;
      tx.put('command', { ...row, cursor: index });
      return true;
    },
    { single: true },
  );
}

/** Of an execution, or of its newest loop. True when this changed something. */
export function* setPaused(
  db: Database,
  process: Process,
  { execution_id, paused, loop }: { execution_id: Id; paused: boolean; loop: boolean },
): Work<boolean> {
  return yield* transaction(db, process, function* (tx) {
    yield* tx.lock(executionKey(execution_id));
    const row = tx.get('execution', executionKey(execution_id));
    if (!row || row.ended) return false;
    yield* tx.statement();
    let execution = row;
    if (loop) {
      if (!(yield* pauseLoop(tx, execution_id, paused))) return false;
    } else {
      if (row.paused === paused) return false;
      execution = { ...row, paused };
    }
    if (row.last_event_id === '0') {
      tx.put('execution', execution);
      return true;
    }
    const event_id = idSource(row.last_event_id, process.nowMs).next();
    const event_type = paused ? 'execution.paused' : 'execution.resumed';
    const event = { event_id, event_type, node_name: 'sim', status: 'RUNNING', result: null } as const;
    tx.appended.push({ execution_id, event });
    yield* tx.statement();
    tx.put('execution', { ...execution, last_event_id: event_id, updated_at: db.world.now });
    return true;
  });
}

function* pauseLoop(tx: Tx, executionId: Id, paused: boolean): Work<boolean> {
  const isOurs = ({ execution_id, state }: LoopRow): boolean =>
    execution_id === executionId && state !== 'done';
  const newest = [...tx.scan('loop')].filter(isOurs).at(-1);
  if (!newest) return false;
  const key = loopKeyOf(executionId, newest.loop_id);
  yield* tx.lock(key);
  const loop = tx.get('loop', key);
  if (!loop || !isOurs(loop) || loop.paused === paused) return false;
  tx.put('loop', { ...loop, paused });
  return true;
}

export function openCommands(db: Database, process: Process, executionId: Id): Work<CommandNotice[]> {
  return read(db, process, () =>
    [...db.rows.command.values()]
      .filter(
        (row) =>
          row.execution_id === executionId &&
          (row.state === 'pending' || (row.state === 'leased' && row.lease_until < db.world.now)),
      )
      .map(({ execution_id, command_id, lane }) => ({ execution_id, command_id, lane })),
  );
}

/** The client's key is the execution's id here: the same one a second time changes nothing. */
export function createExecution(
  db: Database,
  process: Process,
  execution_id: Id,
  timeoutMs: number | undefined,
): Work<boolean> {
  return transaction(
    db,
    process,
    function* (tx) {
      yield* tx.lock(executionKey(execution_id));
      if (tx.get('execution', executionKey(execution_id))) return false;
      tx.put('execution', {
        execution_id,
        status: 'PENDING',
        last_event_id: '0',
        advanced_event_id: '0',
        snapshot: null,
        snapshot_event_id: '0',
        cancel_requested: null,
        paused: false,
        deadline: timeoutMs === undefined ? null : db.world.now + timeoutMs,
        ended: false,
        updated_at: db.world.now,
      });
      return true;
    },
    { single: true },
  );
}
