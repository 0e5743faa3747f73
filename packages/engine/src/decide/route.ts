/**
 * Where a step that has ended leads to. The order is fixed: its value is known, then `set` and `vars`, then cases,
 * then arcs, then the chosen arc's `set`.
 */
import {
  assignVars,
  evaluate,
  nativeValue,
  OutcomeView,
  render,
  renderInputs,
  type Action,
  type Arc,
  type Assignments,
  type Step,
} from '@noetl/playbook';
import {
  errorView,
  jsonText,
  NoetlError,
  type ErrorInfo,
  type Json,
  type JsonObject,
  type Routing,
} from '@noetl/protocol';
import { stepState } from '../state.ts';
import { failureOf, type Draft } from './draft.ts';

/** Variables of a playbook stay below this; loop results are the place for data that grows. */
const VARS_MAX_BYTES = 16 * 1024 * 1024;

export function route(draft: Draft, name: string): void {
  const step = draft.step(name);
  let routing: Routing;
  try {
    routing = decideRouting(draft, step);
  } catch (error) {
    routing = { event: 'call.error', taken: [], fatal: failureOf(error, step) };
  }
  const status = routing.fatal ? 'FAILED' : 'COMPLETED';
  draft.add({ event_type: 'next.evaluated', node_name: name, status, result: routing });
}

function decideRouting(draft: Draft, step: Step): Routing {
  const outcome = stepState(draft.state, step.name).outcome ?? { failed: false };
  if (!outcome.failed) {
    const extra = eventNames(draft, step, endEvent(step, false));
    assign(draft, step, step.set, extra);
    assign(draft, step, step.vars, extra);
  }
  const matched = matchCases(draft, step, outcome.failed);
  const event = matched.event ?? endEvent(step, outcome.failed);
  const { arcs, value } = perform(draft, step, matched.actions, event);
  // A case that has acted stands for `next`, also when it leads nowhere.
  const chosen = arcs ?? (matched.event === undefined ? chooseArcs(draft, step, event, outcome.failed) : []);
  if (outcome.failed && chosen.length === 0) return { event, taken: [], fatal: fatal(draft, step) };
  const taken = chosen.map((arc) => takeArc(draft, step, arc, event));
  return { event, taken, ...(value !== undefined && { value }) };
}

function endEvent(step: Step, failed: boolean): string {
  if (step.loop) return 'loop.done';
  return failed ? 'call.error' : 'call.done';
}

/** What conditions and templates see besides the context. */
function eventNames(draft: Draft, step: Step, event: string): Record<string, unknown> {
  const value = draft.state.values[step.name] ?? null;
  const { failed, error } = stepState(draft.state, step.name).outcome ?? { failed: false };
  const view = draft.scope(step.name).lookup(step.name);
  const told = error ? errorView(error) : null;
  const fields = { status: failed ? 'error' : 'ok', data: view, response: view, error: told };
  const output = new OutcomeView(nativeValue(value, draft.state.kinds[step.name]), fields);
  return {
    event: {
      name: event,
      type: event,
      step: step.name,
      payload: value,
      timestamp: new Date(draft.environment.nowMs).toISOString(),
    },
    output,
    outcome: output,
    result: view,
    // A call that failed has no response.
    response: failed ? undefined : view,
    error: told,
  };
}

function assign(draft: Draft, step: Step, assignments: Assignments, extra: Record<string, unknown>): void {
  for (const [path, template] of Object.entries(assignments)) {
    if (path.startsWith('iter.')) continue;
    const value = render(template, draft.scope(step.name, extra));
    const result = assignVars(draft.state.vars, [[path, value]]);
    if (JSON.stringify(result).length > VARS_MAX_BYTES) {
      throw new NoetlError('CTX_TOO_LARGE', `the variable "${path}" is larger than 16 MiB`);
    }
    draft.add({ event_type: 'ctx.updated', node_name: step.name, status: 'COMPLETED', result });
  }
}

/** Seed cases: the events of the step's end in their order, the first match of each; no case acts twice. */
function matchCases(draft: Draft, step: Step, failed: boolean): { actions: Action[]; event?: string } {
  if (step.cases.length === 0) return { actions: [] };
  const end = endEvent(step, failed);
  // Of a loop, a case about the end of a call or a step is taken once, when the loop has closed.
  const events = step.loop ? [end, 'step.exit', failed ? 'call.error' : 'call.done'] : [end, 'step.exit'];
  const actions: Action[] = [];
  const acted = new Set<number>();
  let event: string | undefined;
  for (const name of events) {
    const scope = draft.scope(step.name, eventNames(draft, step, name));
    const index = step.cases.findIndex(
      (item) =>
        (!failed || handlesFailure(item.when, name)) &&
        (!step.loop || name === end || item.then.some(isForStep)) &&
        evaluate(item.when, scope),
    );
    if (index < 0 || acted.has(index)) continue;
    acted.add(index);
    event ??= name;
    actions.push(...(step.cases[index]?.then ?? []));
    if (step.loop) break;
  }
  if (event !== undefined) return { actions, event };
  return { actions: failed ? [] : (step.cases.find((item) => item.else.length > 0)?.else ?? []) };
}

/** `sink`, `retry` and `collect` are about one call: in a loop, about an item. */
function isForStep({ do: kind }: Action): boolean {
  return kind !== 'sink' && kind !== 'retry' && kind !== 'collect';
}

/** Runs the actions of matched cases; `arcs` is set when one of them routes, which replaces the structural `next`. */
function perform(draft: Draft, step: Step, actions: Action[], event: string): Performed {
  const performed: Performed = { log: [] };
  for (const action of actions) {
    const extra = eventNames(draft, step, event);
    const scope = draft.scope(step.name, extra);
    if (action.do === 'set') assign(draft, step, action.set, extra);
    if (action.do === 'next' || action.do === 'call')
      performed.arcs = [...(performed.arcs ?? []), ...action.arcs];
    if (action.do === 'result') performed.value = render(action.from, scope);
    if (action.do === 'log') performed.log.push(jsonText(render(action.message, scope)));
    if (action.do === 'fail')
      throw new NoetlError('STEP_FAILED', jsonText(render(action.message, scope) ?? 'failed by its case'));
  }
  return performed;
}

interface Performed {
  arcs?: Arc[];
  value?: Json;
  /** What `log` actions say. */
  log: string[];
}

function chooseArcs(draft: Draft, step: Step, event: string, failed: boolean): Arc[] {
  const scope = draft.scope(step.name, eventNames(draft, step, event));
  const open = (arc: Arc): boolean => {
    if (failed) return arc.when !== undefined && handlesFailure(arc.when) && evaluate(arc.when, scope);
    return arc.when === undefined || evaluate(arc.when, scope);
  };
  if (step.next.mode === 'inclusive') return step.next.arcs.filter(open);
  const first = step.next.arcs.find(open);
  return first ? [first] : [];
}

/**
 * Only a condition that looks at the outcome can be meant for a failed step; at `step.exit`, which comes with every
 * outcome, the event's name alone is no such look.
 */
function handlesFailure(when: string | boolean, event = 'call.error'): boolean {
  if (typeof when !== 'string') return false;
  if (/\b(output\.status|outcome\.status|error)\b/.test(when)) return true;
  return event !== 'step.exit' && /\bevent\.(name|type)\b/.test(when);
}

function takeArc(draft: Draft, step: Step, arc: Arc, event: string): { step: string; args: JsonObject } {
  const extra = eventNames(draft, step, event);
  assign(draft, step, arc.set, extra);
  const args = renderInputs(arc.args, draft.scope(step.name, extra));
  return { step: arc.step, args };
}

/** The step's own error; for a loop that ran, that it failed and why. */
function fatal(draft: Draft, step: Step): ErrorInfo {
  const { outcome, loop_id } = stepState(draft.state, step.name);
  const error = outcome?.error;
  if (step.loop && loop_id !== undefined) {
    const cause = error ? `: ${error.message}` : '';
    const info = new NoetlError('LOOP_FAILED', `the loop of step "${step.name}" failed${cause}`).toInfo();
    return { ...info, ...(error && { kind: error.kind, details: { cause: error.code } }) };
  }
  return error ?? new NoetlError('STEP_FAILED', `step "${step.name}" failed`).toInfo();
}
