/**
 * `advance`: the one function that decides. It locks the execution, folds the events since its snapshot, asks the
 * engine what follows, stores events, commands and loops in the same transaction, and publishes after the commit.
 * Any replica may call it at any time, any number of times; what it finds decided already, it leaves alone.
 */
import { ensureLoopState, loopKey, notifyAdvance, publishCommand, publishFeed, type Bus } from '@noetl/bus';
import { decide, statusOf, type EngineInput, type Outcome } from '@noetl/engine';
import {
  DEFAULT_POOL,
  firstChunks,
  idSource,
  NoetlError,
  TERMINAL_EVENTS,
  type EngineEvent,
  type Id,
  type Json,
  type JsonObject,
  type LoopOpening,
  type RoutedCommand,
  type StepCommand,
} from '@noetl/protocol';
import type { Playbook } from '@noetl/playbook';
import type { ExecutionTraces, Failpoint, Log } from '@noetl/service';
import {
  catalogOf,
  commitDecision,
  loadValue,
  openChunks,
  openFrames,
  withExecution,
  type Committed,
  type FreshExecution,
  type LockedExecution,
  type Store,
  type Tx,
} from '@noetl/store';
import { advanceHot } from './advance-hot.ts';
import { freezeCollection } from './collections.ts';
import { fold, newborn, SNAPSHOT_EVERY, stateOf, terminalFacts, type HotState } from './folding.ts';
import type { HotStates } from './hot-states.ts';
import type { ApiRecorder } from './metrics.ts';

export interface AdvanceDeps {
  store: Store;
  bus: Bus;
  log: Log;
  playbooks: (catalogId: Id) => Promise<Playbook>;
  /** Chunk slots of all live workers, as last counted. */
  poolSlots: (pool: string) => number;
  nowMs: () => number;
  /** Variables of the process that templates may read. */
  env: Record<string, string>;
  failpoint: Failpoint;
  hot: HotStates;
  record: ApiRecorder;
  traces?: ExecutionTraces | undefined;
}

const LOADS_MAX = 32;
export interface Published extends Committed {
  commands: RoutedCommand[];
  loops: LoopOpening[];
  /** What was appended. */
  events: readonly EngineEvent[];
  hot: HotState;
}

type Step = { kind: 'done'; published: Published } | { kind: 'needs'; refs: string[] } | undefined;

/** Resolves when everything that follows now is stored and published. Unknown executions are left alone. */
export async function advance(
  deps: AdvanceDeps,
  executionId: Id,
  input: EngineInput = { kind: 'proceed' },
): Promise<void> {
  const startedAt = performance.now();
  let ok = false;
  try {
    await decideAndPublish(deps, executionId, input);
    ok = true;
  } finally {
    deps.record.advanced((performance.now() - startedAt) / 1000, ok);
  }
}

async function decideAndPublish(deps: AdvanceDeps, executionId: Id, input: EngineInput): Promise<void> {
  const known = knownState(deps, executionId, input);
  const short = known && (await advanceHot(deps, executionId, known, input));
  if (short) {
    keepHot(deps, executionId, short.hot);
    return publish(deps, executionId, short);
  }
  // Before the transaction: reading the playbook takes a connection, and whoever holds one must not wait for another.
  const catalogId = known?.state.catalog_id ?? (await catalogOf(deps.store, executionId));
  if (catalogId === undefined) return;
  const playbook = await deps.playbooks(catalogId);
  const loaded: LoadedValues = new Map();
  for (let round = 0; round < LOADS_MAX; round += 1) {
    const hot = deps.hot.get(executionId);
    const step = await withExecution<Step>(
      deps.store,
      executionId,
      (tx, locked) => decideLocked(deps, tx, locked, { input, loaded, hot, playbook }),
      hot?.version,
    );
    if (!step) {
      deps.hot.forget(executionId);
      return;
    }
    if (step.kind === 'done') {
      keepHot(deps, executionId, step.published.hot);
      return publish(deps, executionId, step.published);
    }
    for (const ref of step.refs) loaded.set(ref, await loadOrError(deps.store, executionId, ref));
  }
  deps.log.error('the templates of one decision look into too many stored values', {
    execution_id: executionId,
  });
}

/** The state that the short way can start from; that of a new execution is known without having been kept. */
function knownState({ hot }: AdvanceDeps, executionId: Id, input: EngineInput): HotState | undefined {
  if (input.kind === 'start') return newborn(input.catalog_id);
  return input.kind === 'proceed' ? hot.get(executionId) : undefined;
}

/** States of executions that have ended are not needed. */
export function keepHot({ hot }: AdvanceDeps, executionId: Id, decided: HotState): void {
  if (decided.state.phase === 'running') hot.set(executionId, decided);
  else hot.forget(executionId);
}

interface Deciding {
  input: EngineInput;
  loaded: LoadedValues;
  hot: HotState | undefined;
  playbook: Playbook;
}

export async function decideLocked(
  deps: AdvanceDeps,
  tx: Tx,
  locked: LockedExecution,
  { input, loaded, hot, playbook }: Deciding,
): Promise<Step> {
  const { execution } = locked;
  if (execution.end_time !== null && input.kind !== 'redrive') return undefined;
  const known = locked.snapshot === undefined ? hot : undefined;
  const folded = fold(known?.state ?? stateOf(locked.snapshot), locked.events, playbook);
  const wanted = wantedOf(input, locked);
  const ids = idSource(locked.last_event_id, deps.nowMs());
  const outcome: Outcome = decide(folded, wanted, {
    playbook,
    ids,
    nowMs: deps.nowMs(),
    env: deps.env,
    values: (ref) => valueOf(loaded, ref),
  });
  if (outcome.kind === 'needs') return { kind: 'needs', refs: outcome.refs };
  const { decision, state } = outcome;
  const loops: LoopOpening[] = [];
  for (const loop of decision.loops) loops.push(await freezeCollection(tx, loop));
  const unsnapped = (known?.unsnapped ?? 0) + locked.events.length + decision.events.length;
  const mustSnapshot = loops.length > 0 || unsnapped >= SNAPSHOT_EVERY;
  const committed = await commitDecision(tx, {
    execution_id: execution.execution_id,
    catalog_id: execution.catalog_id,
    events: decision.events,
    commands: decision.commands,
    loops,
    last_event_id: ids.last(),
    ...(mustSnapshot && { snapshot: state as unknown as Json }),
    status: statusOf(state),
    ...terminalFacts(decision.events),
    ...(wanted.kind === 'redrive' && { redriven: true }),
    ...(wanted.kind === 'expire' && { cancel_children: 'the parent execution did not end in time' }),
    ...(wanted.kind === 'cancel' && wanted.cascade !== false && { cancel_children: wanted.reason }),
  });
  const chunks: RoutedCommand[] = [];
  for (const loop of loops) chunks.push(...(await firstCommands(deps, tx, loop)));
  const commands = [...decision.commands.map(routed), ...chunks];
  const kept = { state, version: ids.last(), unsnapped: mustSnapshot ? 0 : unsnapped };
  return {
    kind: 'done',
    published: { commands, loops, events: decision.events, hot: kept, ...committed },
  };
}

/** A new execution is started, one that is to be cancelled is cancelled, whatever brought us here. */
function wantedOf(input: EngineInput, { execution, last_event_id }: LockedExecution): EngineInput {
  if (input.kind === 'cancel' || input.kind === 'redrive') return input;
  if (execution.cancel_requested !== null) return { kind: 'cancel', reason: execution.cancel_requested };
  // One that is expired before it was started is started first, and expired by the next sweep.
  if (last_event_id === '0') return startOf(execution);
  return input.kind === 'start' ? { kind: 'proceed' } : input;
}

/** For its message; where it is stored the pool may be absent. */
export function routed({ pool = DEFAULT_POOL, ...command }: StepCommand): RoutedCommand {
  return { ...command, pool };
}

async function firstCommands(deps: AdvanceDeps, tx: Tx, loop: LoopOpening): Promise<RoutedCommand[]> {
  const { loop_id, context, pool = DEFAULT_POOL } = loop;
  const of = { execution_id: context.execution_id, loop_id };
  const plan = firstChunks(loop, deps.poolSlots(pool));
  const chunks = loop.cursor ? await openFrames(tx, of, plan.window) : await openChunks(tx, of, plan);
  const { execution_id } = of;
  return chunks.map(({ command_id }) => ({ lane: 'chunk', execution_id, command_id, pool }));
}

/** Stored values that templates asked for; one that cannot be loaded fails the template that needs it. */
type LoadedValues = Map<string, { value: Json } | { error: unknown }>;

async function loadOrError(
  store: Store,
  executionId: Id,
  ref: string,
): Promise<{ value: Json } | { error: unknown }> {
  try {
    return { value: await loadValue(store, executionId, ref) };
  } catch (error) {
    if (error instanceof NoetlError) return { error };
    throw error;
  }
}

function valueOf(loaded: LoadedValues, ref: string): Json | undefined {
  const entry = loaded.get(ref);
  if (entry && 'error' in entry) throw entry.error;
  return entry?.value;
}

/** An execution without events has not been started: whoever looks at it first starts it. */
export function startOf({
  execution_id,
  catalog_id,
  parent_execution_id,
  payload,
}: FreshExecution): EngineInput {
  const parent = parent_execution_id === null ? {} : { parent_execution_id };
  return { kind: 'start', execution_id, catalog_id, ...parent, payload: payload as JsonObject };
}

/** One span for the execution as a whole, when it has ended. */
function traceEnd({ traces, nowMs }: AdvanceDeps, executionId: Id, events: readonly EngineEvent[]): void {
  const end = traces && events.find(({ event_type }) => TERMINAL_EVENTS.includes(event_type));
  if (!end) return;
  const { status, error } = end;
  traces.record(executionId, {
    part: 'execution',
    endMs: nowMs(),
    attributes: { 'noetl.status': status },
    ...(status !== 'COMPLETED' && { error: error ?? status }),
  });
}

export async function publish(
  deps: AdvanceDeps,
  executionId: Id,
  { commands, loops, events, woken, cancelled, hot }: Published,
): Promise<void> {
  await deps.failpoint('api.decided');
  deps.record.decided(events);
  traceEnd(deps, executionId, events);
  for (const loop of loops) {
    await ensureLoopState(deps.bus, loopKey(executionId, loop.step, loop.loop_id), {
      collection_size: loop.size,
      completed_count: 0,
      iterator: loop.iterator,
      mode: loop.mode,
      event_id: loop.loop_id,
    });
  }
  // Before the commands, so that all goes out in one write.
  if (events.length > 0) publishFeed(deps.bus, executionId, statusOf(hot.state));
  await Promise.all(
    commands.map((next) => publishCommand(deps.bus, next, { dedupe: `${next.command_id}:0` })),
  );
  await publishWoken(deps.bus, woken);
  for (const child of cancelled) notifyAdvance(deps.bus, child);
  await deps.failpoint('api.published');
}

/** Commands that waited and may go on: new messages, whatever was sent of them before. */
export async function publishWoken(bus: Bus, woken: Committed['woken']): Promise<void> {
  await Promise.all(
    woken.map((command) =>
      publishCommand(bus, command, { dedupe: `${command.command_id}:woken:${String(command.attempt)}` }),
    ),
  );
}
