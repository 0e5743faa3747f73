/**
 * `decide`: given what has happened, what follows. Pure and total: the same state, input and environment give the
 * same decision, and nothing but a value that must be loaded interrupts it.
 */
import { NeedsValue } from '@noetl/playbook';
import { NoetlError } from '@noetl/protocol';
import { Draft } from './decide/draft.ts';
import { enter, skip } from './decide/enter.ts';
import { cancel, expire, finish } from './decide/finish.ts';
import { redrive } from './decide/redrive.ts';
import { route } from './decide/route.ts';
import { start } from './decide/start.ts';
import { graphOf } from './graph.ts';
import type { EngineInput, Environment, Outcome } from './inputs.ts';
import { runningSteps, stepState, type ExecutionState } from './state.ts';

/** Moves of one decision; more means that routing goes round without ever waiting for work. */
const MOVES_MAX = 10_000;

export function decide(state: ExecutionState, input: EngineInput, environment: Environment): Outcome {
  const draft = new Draft(state, environment);
  try {
    if (input.kind === 'cancel') {
      if (state.phase === 'new' || state.phase === 'running') cancel(draft, input.reason);
    } else if (input.kind === 'redrive') {
      redrive(draft, input);
    } else if (input.kind === 'expire') {
      if (state.phase === 'running') expire(draft);
    } else {
      begin(draft, input);
      settle(draft);
    }
  } catch (error) {
    if (error instanceof NeedsValue) return { kind: 'needs', refs: error.refs };
    throw error;
  }
  return { kind: 'decided', decision: draft.decision, state: draft.state };
}

function begin(draft: Draft, input: EngineInput): void {
  if (input.kind !== 'start' || draft.state.phase !== 'new') return;
  try {
    start(draft, input);
  } catch (error) {
    if (!(error instanceof NoetlError)) throw error;
    const { kind: _, ...request } = input;
    const result = { ...request, workload: draft.environment.playbook.workload };
    draft.add({
      event_type: 'playbook.initialized',
      node_name: draft.environment.playbook.path,
      status: 'STARTED',
      result,
    });
    draft.state = {
      ...draft.state,
      fatal: { step: draft.environment.playbook.entry_step, error: error.toInfo() },
    };
    finish(draft);
    return;
  }
  enter(draft, draft.environment.playbook.entry_step, {});
}

/** Moves until nothing follows from what is known. */
function settle(draft: Draft): void {
  for (let moves = 0; draft.state.phase === 'running'; moves += 1) {
    if (moves >= MOVES_MAX) draft.state = { ...draft.state, fatal: endless(draft) };
    if (!move(draft)) return;
  }
}

/** One move; false when only time or facts can bring more. */
function move(draft: Draft): boolean {
  const { state } = draft;
  const [ended] = state.exited;
  if (ended !== undefined) {
    route(draft, ended);
    return true;
  }
  if (!state.fatal && reach(draft)) return true;
  if (runningSteps(state).length > 0) return false;
  finish(draft);
  return true;
}

/** Enters or skips one step that all its forward predecessors have spoken for, or that a back arc leads to. */
function reach(draft: Draft): boolean {
  const { state } = draft;
  const graph = graphOf(draft.environment.playbook);
  for (const name of Object.keys(state.steps)) {
    const step = stepState(state, name);
    if (step.status === 'running' || step.status === 'exited') continue;
    if (step.again) {
      enter(draft, name, step.again);
      return true;
    }
    const tokens = Object.entries(step.tokens);
    const awaited = graph.predecessors.get(name)?.size ?? 0;
    if (tokens.length === 0 || tokens.length < awaited) continue;
    const taken = tokens.filter(([, token]) => token.taken);
    if (taken.length === 0) skip(draft, name);
    else
      enter(draft, name, Object.assign({}, ...taken.map(([, token]) => token.args)) as Record<string, never>);
    return true;
  }
  return false;
}

function endless(draft: Draft): NonNullable<ExecutionState['fatal']> {
  const step = draft.state.last ?? draft.environment.playbook.entry_step;
  const message = `routing goes round without end: more than ${String(MOVES_MAX)} moves in one decision`;
  return { step, error: new NoetlError('STEP_FAILED', message).toInfo() };
}
