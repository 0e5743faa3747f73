/** Entering a step: its guard, then a command, a loop, or straight on when there is nothing to run. */
import { evaluate, projectContext, type Step } from '@noetl/playbook';
import { NoetlError, type JsonObject } from '@noetl/protocol';
import { stepState } from '../state.ts';
import { failureOf, type Draft } from './draft.ts';
import { openLoop } from './loop.ts';
import { workerPool } from './pool.ts';
import { timeLimit } from './time-limit.ts';

/** A way back that is taken more often has no end. */
const VISITS_MAX = 10_000;

export function enter(draft: Draft, name: string, args: JsonObject): void {
  const step = draft.step(name);
  if (stepState(draft.state, name).visits >= VISITS_MAX) {
    const message = `the step "${name}" was entered ${String(VISITS_MAX)} times: its way back has no end`;
    draft.state = {
      ...draft.state,
      fatal: { step: name, error: new NoetlError('STEP_ENDLESS', message).toInfo() },
    };
    return;
  }
  let admitted: boolean;
  try {
    admitted = step.admit === undefined || evaluate(step.admit, draft.scope(name, {}, args));
  } catch (error) {
    const failure = failureOf(error, step);
    enterEvent(draft, name, args);
    draft.fail(name, failure);
    return;
  }
  if (!admitted) {
    skip(draft, name);
    return;
  }
  const enterId = enterEvent(draft, name, args);
  if (step.loop) openLoop(draft, step, step.loop);
  else if (step.tasks.length === 0)
    draft.add({ event_type: 'step.exit', node_name: name, status: 'COMPLETED', result: null });
  else issue(draft, step, enterId);
}

export function skip(draft: Draft, name: string): void {
  draft.add({ event_type: 'step.skipped', node_name: name, status: 'SKIPPED', result: null });
}

function enterEvent(draft: Draft, name: string, args: JsonObject): string {
  return draft.add({ event_type: 'step.enter', node_name: name, status: 'ENTERED', result: { args } });
}

function issue(draft: Draft, step: Step, event_id: string): void {
  const { execution_id } = draft.state;
  let placed: { timeout_s?: number; pool?: string };
  try {
    placed = { ...timeLimit(draft, step), ...workerPool(draft, step) };
  } catch (error) {
    draft.fail(step.name, failureOf(error, step));
    return;
  }
  const command_id = draft.environment.ids.next();
  draft.add({
    event_type: 'command.issued',
    node_name: step.name,
    status: 'STARTED',
    result: null,
    command_id,
  });
  const context = projectContext(draft.context(step.name), step);
  draft.command({ lane: 'step', command_id, execution_id, step: step.name, event_id, context, ...placed });
}
