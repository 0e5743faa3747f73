/** An api replica: `api/src/advance.ts` with its short way, its queue of notices, and the relay. */
import { fold, newborn, SNAPSHOT_EVERY, stateOf, type HotState } from '@noetl/api/folding';
import { decide, statusOf, type EngineInput, type ExecutionState } from '@noetl/engine';
import { firstChunks, idSource, type CommandNotice, type Id, type LoopOpening } from '@noetl/protocol';
import type { Playbook } from '@noetl/playbook';
import type { Bus } from '../bus/bus.ts';
import type { Database, Tx } from '../store/database.ts';
import {
  commitDecision,
  commitPlain,
  newsSince,
  openChunks,
  withExecution,
  type Locked,
} from '../store/decision.ts';
import { loopOf } from '../store/loops.ts';
import type { Process, Work } from '../world.ts';

export interface ApiDeps {
  db: Database;
  bus: Bus;
  playbookOf: (executionId: Id) => Playbook;
  poolSlots: number;
  /** Told of every state that was decided on and stored. */
  onDecided: (executionId: Id, hot: HotState, folded: ExecutionState) => void;
}

interface Published {
  commands: CommandNotice[];
  loops: LoopOpening[];
  hot: HotState;
}

export class Api {
  readonly process: Process;
  readonly deps: ApiDeps;
  readonly #hot = new Map<Id, HotState>();
  readonly #running = new Set<Id>();
  readonly #again = new Set<Id>();

  constructor(process: Process, deps: ApiDeps) {
    this.process = process;
    this.deps = deps;
  }

  /** One advance an execution at a time; a notice that comes meanwhile causes one more. */
  push(executionId: Id): void {
    if (this.#running.has(executionId)) {
      this.#again.add(executionId);
      return;
    }
    this.#running.add(executionId);
    this.process.spawn(this.#drain(executionId));
  }

  *#drain(executionId: Id): Work {
    try {
      do {
        this.#again.delete(executionId);
        yield* this.advance(executionId);
      } while (this.#again.has(executionId));
    } finally {
      this.#running.delete(executionId);
    }
  }

  *advance(executionId: Id, input: EngineInput = { kind: 'proceed' }): Work {
    const { db } = this.deps;
    const isNew = input.kind === 'start';
    const known = isNew
      ? newborn(input.catalog_id)
      : input.kind === 'proceed'
        ? this.#known(executionId)
        : undefined;
    const short = known && (yield* this.#advanceHot(executionId, known, input));
    if (short) {
      this.#keep(executionId, short.hot);
      return yield* this.#publish(executionId, short);
    }
    const hot = this.#known(executionId);
    const published = yield* withExecution(
      db,
      this.process,
      executionId,
      (tx, locked) => this.#decideLocked(tx, locked, input, hot),
      hot?.version,
    );
    this.#keep(executionId, published?.hot);
    if (published) yield* this.#publish(executionId, published);
  }

  #keep(executionId: Id, hot: HotState | undefined): void {
    if (hot?.state.phase === 'running') this.#hot.set(executionId, hot);
    else this.#hot.delete(executionId);
  }

  /** Undefined when the long way has to be gone. */
  *#advanceHot(executionId: Id, hot: HotState, input: EngineInput): Work<Published | undefined> {
    const { db } = this.deps;
    const isNew = input.kind === 'start';
    const news = isNew
      ? { last_event_id: hot.version, events: [] }
      : yield* newsSince(db, this.process, executionId, hot.version);
    if (!news) return undefined;
    if (!isNew && news.last_event_id === hot.version) return { commands: [], loops: [], hot };
    const playbook = this.deps.playbookOf(executionId);
    const folded = fold(hot.state, news.events, playbook);
    const ids = idSource(news.last_event_id, this.process.nowMs);
    const outcome = decide(folded, input, this.#environment(playbook, ids));
    if (outcome.kind === 'needs') return undefined;
    const { decision, state } = outcome;
    const { events, commands } = decision;
    const unsnapped = hot.unsnapped + news.events.length + events.length;
    const ends = state.phase !== 'running';
    if (decision.loops.length > 0 || (!ends && unsnapped >= SNAPSHOT_EVERY)) return undefined;
    const version = ids.last();
    const status = statusOf(state);
    const plain = { execution_id: executionId, events, commands, last_event_id: version, status };
    const next = { state, version, unsnapped };
    const stored = yield* commitPlain(db, this.process, { ...plain, expected: news.last_event_id }, () =>
      this.deps.onDecided(executionId, next, folded),
    );
    if (!stored) return undefined;
    this.process.note(
      `decides ${executionId} the short way: ${events.map((event) => event.event_type).join(' ')}`,
    );
    return { commands, loops: [], hot: next };
  }

  *#decideLocked(
    tx: Tx,
    locked: Locked,
    input: EngineInput,
    hot: HotState | undefined,
  ): Work<Published | undefined> {
    const { execution } = locked;
    const { execution_id } = execution;
    if (execution.ended) return undefined;
    const known = locked.snapshot === undefined ? hot : undefined;
    const playbook = this.deps.playbookOf(execution_id);
    const folded = fold(known?.state ?? stateOf(locked.snapshot as never), locked.events, playbook);
    const ids = idSource(execution.last_event_id, this.process.nowMs);
    const wanted = wantedOf(input, execution_id, execution.last_event_id);
    const outcome = decide(folded, wanted, this.#environment(playbook, ids));
    if (outcome.kind === 'needs') return undefined;
    const { decision, state } = outcome;
    const { events, commands, loops } = decision;
    const unsnapped = (known?.unsnapped ?? 0) + locked.events.length + events.length;
    const mustSnapshot = loops.length > 0 || unsnapped >= SNAPSHOT_EVERY;
    const next = { state, version: ids.last(), unsnapped: mustSnapshot ? 0 : unsnapped };
    const stored = {
      execution_id,
      events,
      commands,
      loops,
      last_event_id: ids.last(),
      status: statusOf(state),
    };
    yield* commitDecision(tx, execution, { ...stored, ...(mustSnapshot && { snapshot: state }) });
    const chunks: CommandNotice[] = [];
    for (const loop of loops)
      chunks.push(
        ...(yield* openChunks(tx, execution_id, loop.loop_id, firstChunks(loop, this.deps.poolSlots))),
      );
    tx.onCommit = () => this.deps.onDecided(execution_id, next, folded);
    this.process.note(`decides ${execution_id}: ${events.map((event) => event.event_type).join(' ')}`);
    return { commands: [...commands, ...chunks], loops, hot: next };
  }

  *#publish(executionId: Id, { commands, loops }: Published): Work {
    const { bus } = this.deps;
    for (const loop of loops) {
      const key = loopOf({ execution_id: executionId, loop_id: loop.loop_id });
      yield* bus.kv.raise(this.process, key, 0);
    }
    for (const command of commands)
      yield* bus.publishCommand(this.process, command, `${command.command_id}:0`);
  }

  #environment(playbook: Playbook, ids: ReturnType<typeof idSource>) {
    return { playbook, ids, nowMs: this.process.nowMs, env: {}, values: () => undefined };
  }

  #known(executionId: Id): HotState | undefined {
    const { bus, db } = this.deps;
    if (db.world.random.chance(bus.faults.forget)) this.#hot.delete(executionId);
    return this.#hot.get(executionId);
  }
}

/** A new execution is started, whatever brought us here. */
function wantedOf(input: EngineInput, execution_id: Id, last_event_id: Id): EngineInput {
  if (input.kind === 'cancel') return input;
  if (last_event_id === '0') return startOf(execution_id);
  return input.kind === 'start' ? { kind: 'proceed' } : input;
}

export function startOf(execution_id: Id): EngineInput {
  return { kind: 'start', execution_id, catalog_id: '1', payload: {} };
}
