/** Folds one event into the state. Total: an event that is late, repeated or foreign changes nothing. */
import type { Playbook } from '@noetl/playbook';
import {
  isJsonObject,
  type EngineEvent,
  type ErrorInfo,
  type Initialized,
  type Json,
  type JsonObject,
  type Routing,
} from '@noetl/protocol';
import { graphOf, type Graph } from './graph.ts';
import { stepState, type ExecutionState, type StepState, type Token } from './state.ts';
import { withoutRound } from './redriven.ts';
import { PHASE_TRANSITIONS, STEP_TRANSITIONS, type PhaseEvent, type StepEvent } from './transitions.ts';

export function evolve(state: ExecutionState, event: EngineEvent, playbook: Playbook): ExecutionState {
  switch (event.event_type) {
    case 'playbook.initialized':
      return initialized(state, event.node_name, event.result);
    case 'playbook.completed':
      return moved(state, 'complete');
    case 'playbook.failed':
      return moved(state, 'fail');
    case 'execution.cancelled':
      return moved(state, 'cancel');
    case 'ctx.updated':
      return { ...state, vars: { ...state.vars, ...event.result } };
    case 'call.done':
    case 'call.error':
    case 'execution.paused':
    case 'execution.resumed':
      return state;
    case 'step.enter':
      return entered(state, event.node_name, event.result.args);
    case 'step.skipped':
      return skipped(state, event.node_name, graphOf(playbook));
    case 'command.issued':
      return withStep(state, event.node_name, {
        ...(event.command_id !== undefined && { command_id: event.command_id }),
      });
    case 'loop.started':
      return withStep(state, event.node_name, { loop_id: event.loop_id });
    case 'step.exit': {
      const isOurs = stepState(state, event.node_name).command_id === event.command_id;
      return isOurs
        ? exited(state, event.node_name, event.status === 'FAILED', event.result, playbook)
        : state;
    }
    case 'loop.done': {
      const isOurs = stepState(state, event.node_name).loop_id === event.loop_id;
      const result = event.result as unknown as Json;
      return isOurs ? exited(state, event.node_name, event.status === 'FAILED', result, playbook) : state;
    }
    case 'execution.redriven':
      return redriven(state, event.node_name, event.result.run, graphOf(playbook));
    case 'next.evaluated':
      return routed(state, event.node_name, event.result, graphOf(playbook));
  }
}

function initialized(state: ExecutionState, path: string, result: Initialized): ExecutionState {
  const { workload: vars, ...identity } = result;
  return moved({ ...state, ...identity, vars, path }, 'start');
}

function moved(state: ExecutionState, event: PhaseEvent): ExecutionState {
  const next = PHASE_TRANSITIONS[state.phase][event];
  return next === 'ignored' ? state : { ...state, phase: next };
}

function redriven(state: ExecutionState, step: string, run: number, graph: Graph): ExecutionState {
  const next = moved(state, 'redrive');
  return next === state ? state : { ...withoutRound(next, graph.downstream(step)), run };
}

function withStep(state: ExecutionState, name: string, change: Partial<StepState>): ExecutionState {
  return { ...state, steps: { ...state.steps, [name]: { ...stepState(state, name), ...change } } };
}

/** The step's status after the event; undefined when the event does not apply. */
function after(state: ExecutionState, name: string, event: StepEvent): StepState['status'] | undefined {
  const next = STEP_TRANSITIONS[stepState(state, name).status][event];
  return next === 'ignored' ? undefined : next;
}

function entered(state: ExecutionState, name: string, args: JsonObject): ExecutionState {
  const status = after(state, name, 'enter');
  if (!status) return state;
  const { visits, tokens, used } = stepState(state, name);
  const entry: StepState = { status, visits: visits + 1, tokens: {}, used: { ...used, ...tokens }, args };
  return { ...state, steps: { ...state.steps, [name]: entry } };
}

function skipped(state: ExecutionState, name: string, graph: Graph): ExecutionState {
  const status = after(state, name, 'skip');
  if (!status) return state;
  // Without `again`: a guard that refuses a back arc has answered it.
  const { again: _, ...rest } = stepState(state, name);
  const used = { ...rest.used, ...rest.tokens };
  const skip: StepState = { ...rest, status, tokens: {}, used };
  let next: ExecutionState = { ...state, steps: { ...state.steps, [name]: skip } };
  for (const target of graph.forward.get(name) ?? [])
    next = withToken(next, name, target, { taken: false, args: {} });
  return next;
}

function exited(
  state: ExecutionState,
  name: string,
  failed: boolean,
  value: Json,
  playbook: Playbook,
): ExecutionState {
  const status = after(state, name, 'exit');
  if (!status) return state;
  const error =
    failed && isJsonObject(value) && isJsonObject(value['error'])
      ? (value['error'] as unknown as ErrorInfo)
      : undefined;
  const next = withStep(state, name, { status, outcome: { failed, ...(error && { error }) } });
  const kind = kindOf(playbook, name, failed);
  const kinds = { ...state.kinds };
  if (kind) kinds[name] = kind;
  else Reflect.deleteProperty(kinds, name);
  return {
    ...next,
    values: { ...state.values, [name]: value },
    kinds,
    exited: [...state.exited, name],
    ...(hasValue(playbook, name) && { last: name }),
  };
}

/** A step that only routes gives nothing that `result` could mean. */
function hasValue(playbook: Playbook, name: string): boolean {
  return playbook.steps.find((step) => step.name === name)?.tasks.length !== 0;
}

/** How the step's value is stored, so that the reader resolves every spelling. */
function kindOf(
  playbook: Playbook,
  name: string,
  failed: boolean,
): ExecutionState['kinds'][string] | undefined {
  const step = playbook.steps.find((candidate) => candidate.name === name);
  if (!step) return undefined;
  if (step.loop) return 'loop';
  if (!step.pipeline || failed) return undefined;
  return step.tasks.length > 1 ? 'pipeline' : `task:${step.tasks[0]?.name ?? ''}`;
}

function routed(state: ExecutionState, name: string, routing: Routing, graph: Graph): ExecutionState {
  if (!after(state, name, 'route')) return state;
  const failed = stepState(state, name).outcome?.failed === true;
  let next = withStep(state, name, { status: failed ? 'failed' : 'completed' });
  next = { ...next, exited: next.exited.filter((other) => other !== name) };
  if (routing.value !== undefined) next = withValue(next, name, routing.value);
  if (routing.fatal) return { ...next, fatal: next.fatal ?? { step: name, error: routing.fatal } };
  const goesBack = routing.taken.some(({ step }) => graph.isBack(name, step));
  // Before the tokens: a round that begins anew must not forget what is taken beside it.
  for (const { step, args } of routing.taken) {
    if (graph.isBack(name, step)) next = withReentry(next, step, args, graph);
  }
  for (const target of graph.forward.get(name) ?? []) {
    const arcs = routing.taken.filter(({ step }) => step === target);
    // What a step that goes back did not take, it may still take in a later round.
    if (arcs.length === 0 && goesBack) continue;
    const args = Object.assign({}, ...arcs.map((arc) => arc.args)) as JsonObject;
    next = withToken(next, name, target, { taken: arcs.length > 0, args });
  }
  return next;
}

/** A case has replaced the step's value: it is what it is, not a loop's or a pipeline's. */
function withValue(state: ExecutionState, name: string, value: Json): ExecutionState {
  const kinds = Object.fromEntries(Object.entries(state.kinds).filter(([step]) => step !== name));
  return { ...state, values: { ...state.values, [name]: value }, kinds };
}

function withToken(state: ExecutionState, source: string, target: string, token: Token): ExecutionState {
  return withStep(state, target, { tokens: { ...stepState(state, target).tokens, [source]: token } });
}

/** A round begins anew at `target`: everything downstream forgets what came from within the round. */
function withReentry(state: ExecutionState, target: string, args: JsonObject, graph: Graph): ExecutionState {
  const round = graph.downstream(target);
  let next = state;
  for (const name of round) {
    const step = stepState(next, name);
    const tokens = Object.fromEntries(Object.entries(step.tokens).filter(([source]) => !round.has(source)));
    next = withStep(next, name, { tokens, status: after(next, name, 'reset') ?? step.status });
  }
  return withStep(next, target, { again: args });
}
