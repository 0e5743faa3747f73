/** A decision in the making: events are folded as they are added, so that every next thought sees them. */
import type { Step } from '@noetl/playbook';
import { scopeOf, type Scope } from '@noetl/playbook';
import {
  errorInfo,
  NoetlError,
  type Context,
  type EngineEvent,
  type ErrorInfo,
  type JsonObject,
  type LoopOpening,
  type StepCommand,
} from '@noetl/protocol';
import { evolve } from '../evolve.ts';
import type { Decision, Environment } from '../inputs.ts';
import { stepState, type ExecutionState } from '../state.ts';

/** An event without its id. */
export type NewEvent = EngineEvent extends infer E
  ? E extends EngineEvent
    ? Omit<E, 'event_id'>
    : never
  : never;

export class Draft {
  state: ExecutionState;
  readonly environment: Environment;
  readonly #decision: Decision = { events: [], commands: [], loops: [] };

  constructor(state: ExecutionState, environment: Environment) {
    this.state = state;
    this.environment = environment;
  }

  get decision(): Decision {
    return this.#decision;
  }

  /** Adds an event and folds it; returns its id. */
  add(event: NewEvent, event_id = this.environment.ids.next()): string {
    const full = { event_id, ...event };
    this.#decision.events.push(full);
    this.state = evolve(this.state, full, this.environment.playbook);
    return event_id;
  }

  command(command: StepCommand): void {
    this.#decision.commands.push(command);
  }

  loop(loop: LoopOpening): void {
    this.#decision.loops.push(loop);
  }

  step(name: string): Step {
    const step = this.environment.playbook.steps.find((candidate) => candidate.name === name);
    if (!step) throw new NoetlError('STEP_UNKNOWN', `there is no step "${name}"`);
    return step;
  }

  /** What the step's templates see; `args` are those it was entered with, unless it is only about to be. */
  context(name: string, args = stepState(this.state, name).args): Context {
    const { execution_id, catalog_id, parent_execution_id, path, vars, values, kinds, payload, last } =
      this.state;
    const parent = parent_execution_id === undefined ? {} : { parent_execution_id };
    const latest = last === undefined ? {} : { last };
    return {
      execution_id,
      catalog_id,
      ...parent,
      ...latest,
      path,
      vars,
      steps: values,
      step_kinds: kinds,
      args,
      payload,
    };
  }

  scope(name: string, extra: Record<string, unknown> = {}, args?: JsonObject): Scope {
    const { nowMs, values, env } = this.environment;
    return scopeOf(this.context(name, args), { now_ms: nowMs, env, ...extra }, values);
  }

  /** A failure before any command was issued: the step ends at once. */
  fail(name: string, error: ErrorInfo): void {
    const result = { status: 'error' as const, error, context: { error: error.message } };
    this.add({
      event_type: 'step.exit',
      node_name: name,
      status: 'FAILED',
      result: result as never,
      error: error.message,
    });
  }
}

/** Template and language errors as the step's failure; anything else (a value to load, a defect) goes on up. */
export function failureOf(error: unknown, step: Step): ErrorInfo {
  if (!(error instanceof NoetlError)) throw error;
  const info = errorInfo(error);
  return { ...info, message: `step "${step.name}": ${info.message}` };
}
