/** What has to hold after every commit, every write to K/V, every item and every acknowledgement. */
import { fold, type HotState } from '@noetl/api/folding';
import { initialState, type ExecutionState } from '@noetl/engine';
import { TERMINAL_EVENTS, type CommandNotice, type EngineEvent, type Id } from '@noetl/protocol';
import type { Playbook } from '@noetl/playbook';
import type { Bus } from './bus/bus.ts';
import type { Database, Tx, Watcher } from './store/database.ts';
import { canonical } from './store/jsonb.ts';
import { isPaused } from './store/commands.ts';
import { loopOf } from './store/loops.ts';
import {
  commandKey,
  executionKey,
  loopKeyOf,
  type Appended,
  type CommandRow,
  type LoopRow,
} from './store/rows.ts';
import { Violation, type Process } from './world.ts';

/** The fold of all events from the start, kept up event by event. */
interface Told {
  state: ExecutionState;
  last: bigint;
  terminal: string | undefined;
}

/** An acknowledgement may be on its way for so long. */
const ACK_LATE_MAX_MS = 10_000;

export class Invariants implements Watcher {
  readonly #db: Database;
  readonly #playbookOf: (executionId: Id) => Playbook;
  readonly #told = new Map<Id, Told>();
  readonly #done = new Set<string>();
  readonly #resumedAt = new Map<Id, number>();
  /** Items that run, by command and index. */
  readonly #running = new Map<string, { worker: string; command: CommandRow }>();

  constructor(db: Database, bus: Bus, playbookOf: (executionId: Id) => Playbook) {
    this.#db = db;
    this.#playbookOf = playbookOf;
    db.watcher = this;
    bus.kv.onWrite = (key, before, after) => this.shown(key, before, after);
    for (const queue of [bus.step, bus.chunk]) queue.onAck = (notice) => this.acknowledged(notice);
  }

  committing(tx: Tx): void {
    for (const loop of tx.changed.loop.values()) this.#loop(tx, loop);
    for (const appended of tx.appended) {
      if ('event' in appended) this.#event(tx, appended.execution_id, appended.event);
      else this.#iterations(tx, appended);
    }
    for (const row of tx.changed.execution.values()) {
      const before = this.#db.rows.execution.get(executionKey(row.execution_id));
      const { last } = this.#toldOf(row.execution_id);
      holds(
        BigInt(row.last_event_id) >= last,
        `last_event_id ${row.last_event_id} is below event ${String(last)}`,
      );
      if (before?.paused === true && !row.paused) this.#resumedAt.set(row.execution_id, this.#db.world.now);
      holds(
        before?.ended !== true || row.status === before.status,
        'the status of an ended execution changed',
      );
      if (row.snapshot !== null && row.snapshot !== before?.snapshot)
        this.#agrees(row.execution_id, JSON.parse(row.snapshot) as ExecutionState, 'the snapshot');
    }
  }

  /** What the events of an execution say. */
  stateOf(executionId: Id): ExecutionState {
    return this.#toldOf(executionId).state;
  }

  #toldOf(executionId: Id): Told {
    const told = this.#told.get(executionId) ?? { state: initialState(), last: 0n, terminal: undefined };
    this.#told.set(executionId, told);
    return told;
  }

  #event(tx: Tx, executionId: Id, event: EngineEvent): void {
    const told = this.#toldOf(executionId);
    const id = BigInt(event.event_id);
    const what = `${event.event_type} ${event.event_id}`;
    holds(id > told.last, `${what} does not come after event ${String(told.last)}`);
    const before = this.#db.rows.execution.get(executionKey(executionId));
    holds(id > BigInt(before?.last_event_id ?? '0'), `${what} is below what was reserved`);
    if (TERMINAL_EVENTS.includes(event.event_type)) {
      holds(told.terminal === undefined, `${what} is a second end, after ${told.terminal ?? ''}`);
      told.terminal = event.event_type;
    }
    told.last = id;
    told.state = fold(told.state, [event], this.#playbookOf(executionId));
    if (event.event_type === 'loop.done') this.#loopDone(tx, executionId, event);
  }

  #loopDone(tx: Tx, execution_id: Id, event: Extract<EngineEvent, { event_type: 'loop.done' }>): void {
    const { total, success, failed, not_started } = event.result.stats;
    const key = loopOf({ execution_id, loop_id: event.loop_id });
    holds(!this.#done.has(key), `loop ${key} is done a second time`);
    this.#done.add(key);
    holds(success + failed + not_started === total, `the counts of loop ${key} do not add up`);
    const loop = tx.get('loop', loopKeyOf(execution_id, event.loop_id));
    const rows = this.#db.iterations.get(key)?.size ?? 0;
    const isWhole = loop === undefined ? total === 0 : rows === loop.completed && rows === success + failed;
    holds(isWhole, `loop ${key} is done with ${String(rows)} rows`);
    if (loop) holds(loop.open_chunks === 0, `loop ${key} is done while chunks of it are open`);
  }

  #loop(tx: Tx, loop: LoopRow): void {
    const key = loopOf(loop);
    const before = this.#db.rows.loop.get(loopKeyOf(loop.execution_id, loop.loop_id));
    if (before?.paused === true && !loop.paused) this.#resumedAt.set(loop.execution_id, this.#db.world.now);
    const stored = this.#db.iterations.get(key)?.size ?? 0;
    const added = tx.appended.reduce(
      (sum, each) => sum + ('iterations' in each ? each.iterations.length : 0),
      0,
    );
    const counted = `loop ${key} counts ${String(loop.completed)} of ${String(loop.size)}`;
    holds(loop.completed === stored + added, `${counted}, but has ${String(stored + added)} rows`);
    holds(loop.completed <= loop.size && loop.failed <= loop.completed, counted);
    holds(loop.open_chunks >= 0, `loop ${key} has ${String(loop.open_chunks)} open chunks`);
    const isOver = !this.#done.has(key) || stored + added === stored;
    holds(isOver, `a row of loop ${key} comes after its loop.done`);
  }

  #iterations(
    tx: Tx,
    { execution_id, loop_id, iterations }: Extract<Appended, { iterations: unknown }>,
  ): void {
    const key = loopOf({ execution_id, loop_id });
    const stored = this.#db.iterations.get(key);
    const size = tx.get('loop', loopKeyOf(execution_id, loop_id))?.size ?? 0;
    for (const { index } of iterations) {
      holds(stored?.has(index) !== true, `item ${String(index)} of loop ${key} is stored twice`);
      holds(index >= 0 && index < size, `item ${String(index)} of loop ${key} is out of range`);
    }
  }

  #agrees(executionId: Id, state: ExecutionState, what: string): void {
    const told = this.#toldOf(executionId).state;
    if (canonical(state) === canonical(told)) return;
    const keys = Object.keys(told) as (keyof ExecutionState)[];
    const differing = keys.filter((key) => canonical(state[key] ?? null) !== canonical(told[key] ?? null));
    throw new Violation(`${what} of ${executionId} is not what its events say, in ${differing.join(', ')}`);
  }

  /** A decision is stored: the state it was made on and led to is what the events say. */
  decided(executionId: Id, hot: HotState): void {
    this.#agrees(executionId, hot.state, 'the state in memory');
    const { last } = this.#toldOf(executionId);
    holds(BigInt(hot.version) >= last, `the state in memory of ${executionId} is older than it says`);
  }

  shown(key: string, before: number | undefined, after: number): void {
    holds(
      before === undefined || after >= before,
      `the K/V count of loop ${key} falls from ${String(before)} to ${String(after)}`,
    );
    const completed = this.#db.rows.loop.get(`l${key}`)?.completed ?? 0;
    holds(after <= completed, `K/V shows ${String(after)} of loop ${key}, Postgres has ${String(completed)}`);
  }

  /** What is acknowledged must not be needed any more. */
  acknowledged({ execution_id, command_id }: CommandNotice): void {
    const command = this.#db.rows.command.get(commandKey(execution_id, command_id));
    const ended = this.#db.rows.execution.get(executionKey(execution_id))?.ended === true;
    // Whoever resumes publishes again what was acknowledged while it was paused.
    const resumedAt = this.#resumedAt.get(execution_id) ?? -Infinity;
    const wasPaused = this.#db.world.now - resumedAt < ACK_LATE_MAX_MS;
    if (!command || ended || wasPaused || isPaused(this.#db, command)) return;
    const isOver = command.state === 'done' || command.state === 'cancelled';
    holds(isOver, `command ${command_id} is acknowledged while it is ${command.state}`);
  }

  item(what: 'starts' | 'ends', process: Process, command: CommandRow, index: number): void {
    const key = `${process.id}/${commandKey(command.execution_id, command.command_id)}`;
    if (what === 'ends') {
      this.#running.delete(key);
      return;
    }
    this.#running.set(key, { worker: process.id, command });
    const loop = this.#db.rows.loop.get(loopKeyOf(command.execution_id, command.loop_id ?? ''));
    if (!loop) return;
    if (loop.mode === 'sequential') {
      const stored = this.#db.iterations.get(loopOf(loop))?.size ?? 0;
      holds(
        stored >= command.from || index > command.from,
        `item ${String(index)} runs before those before it`,
      );
    }
    const bound = loop.mode === 'sequential' ? 1 : loop.max_in_flight;
    if (bound === null) return;
    const running = [...this.#running.values()].filter((other) => this.#isHeld(other, loop)).length;
    holds(
      running <= bound,
      `${String(running)} items of loop ${loopOf(loop)} run at once, ${String(bound)} may`,
    );
  }

  /** It is of this loop, and the lease in Postgres is that worker's. */
  #isHeld({ worker, command }: { worker: string; command: CommandRow }, loop: LoopRow): boolean {
    if (command.loop_id !== loop.loop_id || command.execution_id !== loop.execution_id) return false;
    const row = this.#db.rows.command.get(commandKey(command.execution_id, command.command_id));
    const held = row?.state === 'leased' && row.lease_until > this.#db.world.now;
    return held && row.worker === worker;
  }
}

function holds(condition: boolean, otherwise: string): void {
  if (!condition) throw new Violation(otherwise);
}
