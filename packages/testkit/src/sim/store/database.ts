/**
 * The modelled Postgres: tables, transactions that buffer until they commit, row locks, and restarts that break every
 * open connection. A statement sees what is committed when it runs; a locked row, what is committed when it gets it.
 */
import type { EngineEvent, Id } from '@noetl/protocol';
import { Unavailable, latency, type Process, type Work, type World } from '../world.ts';
import { Locks } from './locks.ts';
import { keyOf, type Appended, type IterationRow, type Table, type Tables } from './rows.ts';

/** Told of every commit, before it is visible to anybody else. */
export interface Watcher {
  committing(tx: Tx): void;
}

export class Database {
  readonly world: World;
  readonly locks = new Locks();
  readonly rows: { [T in Table]: Map<string, Tables[T]> } = {
    execution: new Map(),
    command: new Map(),
    loop: new Map(),
  };
  /** What the engine folds, by execution, in order of ids. */
  readonly events = new Map<Id, EngineEvent[]>();
  /** Rows of iterations, by loop. */
  readonly iterations = new Map<string, Map<number, IterationRow>>();
  /** Mutation: the lock of an execution is not taken. */
  withoutExecutionLock = false;
  down = false;
  /** Counts restarts. */
  epoch = 0;
  watcher: Watcher = { committing: () => undefined };
  #chunkId = 0;

  constructor(world: World) {
    this.world = world;
  }

  begin(process: Process): Tx {
    return new Tx(this, process);
  }

  /** The next value of `noetl.chunk_id`; it is not given back by a rollback. */
  nextChunkId(): Id {
    this.#chunkId += 1;
    return String(this.#chunkId);
  }

  restart(downMs: number): void {
    this.down = true;
    this.epoch += 1;
    this.world.note('faults', `postgres restarts, down for ${String(downMs)} ms`);
    this.world.at(downMs, () => (this.down = false));
  }
}

export class Tx {
  readonly db: Database;
  readonly process: Process;
  readonly appended: Appended[] = [];
  readonly changed: { [T in Table]: Map<string, Tables[T]> } = {
    execution: new Map(),
    command: new Map(),
    loop: new Map(),
  };
  /** Called once everything is visible. */
  onCommit: () => void = () => undefined;
  #epoch: number;
  #begun = false;
  readonly #abandon: () => void;

  constructor(db: Database, process: Process) {
    this.db = db;
    this.process = process;
    this.#epoch = db.epoch;
    // The server notices a client that has vanished a moment later.
    this.#abandon = () => db.world.at(db.world.random.int(0, 50), () => db.locks.release(this));
    process.onDeath.add(this.#abandon);
  }

  /** Sends a statement; what follows in the generator runs when the server gets to it. */
  *statement(): Work {
    yield latency(this.db.world);
    if (!this.#begun) this.#epoch = this.db.epoch;
    this.#begun = true;
    this.#check();
  }

  /** Waits for a row's lock. */
  *lock(key: string): Work {
    if (this.db.withoutExecutionLock && key.startsWith('e')) return;
    const waiting = this.db.locks.take(key, this);
    if (waiting) yield waiting;
    this.#check();
  }

  /** False when somebody else holds it, as SKIP LOCKED sees it. */
  tryLock(key: string): boolean {
    return this.db.locks.isFree(key, this) && this.db.locks.take(key, this) === undefined;
  }

  get<T extends Table>(table: T, key: string): Tables[T] | undefined {
    return this.changed[table].get(key) ?? this.db.rows[table].get(key);
  }

  put<T extends Table>(table: T, row: Tables[T]): void {
    this.changed[table].set(keyOf(table, row), row);
  }

  /** Rows of a table as this transaction sees them. */
  *scan<T extends Table>(table: T): Generator<Tables[T]> {
    const { rows } = this.db;
    for (const [key, row] of rows[table]) yield this.changed[table].get(key) ?? row;
    for (const [key, row] of this.changed[table]) if (!rows[table].has(key)) yield row;
  }

  /** Sends COMMIT and waits for the answer, which a restart can swallow. */
  *commit(): Work {
    yield* this.statement();
    this.apply();
    yield latency(this.db.world);
    if (this.#epoch !== this.db.epoch) throw new Unavailable('the answer to COMMIT was lost');
  }

  /** Commits here and now: a single statement, its answer still on the way. */
  apply(): void {
    this.db.watcher.committing(this);
    for (const table of ['execution', 'command', 'loop'] as const) this.#publish(table);
    for (const appended of this.appended) publishEvents(this.db, appended);
    this.rollback();
    this.onCommit();
  }

  rollback(): void {
    this.process.onDeath.delete(this.#abandon);
    this.db.locks.release(this);
  }

  #publish(table: Table): void {
    const target = this.db.rows[table] as Map<string, unknown>;
    for (const [key, row] of this.changed[table]) target.set(key, row);
  }

  #check(): void {
    if (this.db.down || this.#epoch !== this.db.epoch)
      throw new Unavailable('the connection to Postgres broke');
  }
}

function publishEvents(db: Database, appended: Appended): void {
  const { execution_id } = appended;
  if ('event' in appended) {
    const events = db.events.get(execution_id);
    if (events) events.push(appended.event);
    else db.events.set(execution_id, [appended.event]);
    return;
  }
  const key = `${execution_id}/${appended.loop_id}`;
  const rows = db.iterations.get(key) ?? new Map<number, IterationRow>();
  for (const row of appended.iterations) rows.set(row.index, row);
  db.iterations.set(key, rows);
}

/**
 * Runs `body` in one transaction; what it throws rolls back. `single`: one statement that commits by itself, so only
 * its answer is waited for.
 */
export function* transaction<T>(
  db: Database,
  process: Process,
  body: (tx: Tx) => Work<T>,
  options: { single?: boolean } = {},
): Work<T> {
  const tx = db.begin(process);
  let result: T;
  try {
    yield* tx.statement();
    result = yield* body(tx);
    if (options.single !== true) {
      yield* tx.commit();
      return result;
    }
  } catch (error) {
    tx.rollback();
    throw error;
  }
  const { epoch } = db;
  tx.apply();
  yield latency(db.world);
  if (epoch !== db.epoch) throw new Unavailable('the answer of a statement was lost');
  return result;
}
