/**
 * Events: the closed list of what can be said of an execution, as rows of `noetl.event`.
 * `advance` appends what it decides; workers and the aggregator append facts (marked "fact").
 */
import type { Id } from './id.ts';
import type { Json, JsonObject } from './json.ts';
import type { LoopStats } from './loop-state.ts';
import type { ErrorInfo } from './error.ts';

export const EVENT_TYPES = [
  'playbook.initialized',
  'step.enter',
  'step.skipped',
  'command.issued',
  'call.done', // fact: a step's tool returned; informative
  'call.error', // fact: a step's tool failed; informative
  'step.exit', // fact: outcome of a step, or of one iteration of a loop (then loop_name is set)
  'ctx.updated',
  'loop.started',
  'loop.done', // fact, by the aggregator: every iteration is stored
  'next.evaluated',
  'playbook.completed',
  'playbook.failed',
  'execution.cancelled',
  'execution.paused', // fact: asked for; of a loop when the step is named. Nothing new is started
  'execution.resumed', // fact
  'execution.redriven', // chosen items of a loop run again, and all that follows from it: a new run
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

export const TERMINAL_EVENTS: readonly EventType[] = [
  'playbook.completed',
  'playbook.failed',
  'execution.cancelled',
];

export type EventStatus =
  'STARTED' | 'ENTERED' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'SKIPPED';

interface Base<T extends EventType, R> {
  event_id: Id;
  event_type: T;
  /** Step the event is about; the playbook's path for events about the execution. */
  node_name: string;
  status: EventStatus;
  result: R;
  /** Seconds the work took, where it is known. */
  duration?: number;
  /** Text for people; set when status is FAILED. */
  error?: string;
  meta?: JsonObject;
  command_id?: Id;
}

/** Result of a failed step or execution, readable at `result.context.error` as NoETL's scripts expect. */
export interface FailureResult {
  status: 'error';
  error: ErrorInfo;
  context: { error: string };
}

/** Events the engine folds. Iteration rows are not among them: the engine sees a loop's entry and its end. */
export type EngineEvent =
  | Base<'playbook.initialized', Initialized>
  | Base<'step.enter', { args: JsonObject }>
  | Base<'step.skipped', null>
  | Base<'command.issued', null>
  | Base<'call.done' | 'call.error', null>
  /** On success the step's value; on failure a {@link FailureResult}. */
  | Base<'step.exit', Json>
  /** Variables written, by name; nested keys are already merged into whole top-level values. */
  | Base<'ctx.updated', JsonObject>
  | (Base<'loop.started', { size: number; mode: string; iterator: string }> & { loop_id: Id })
  | (Base<'loop.done', LoopResult> & { loop_id: Id })
  | Base<'next.evaluated', Routing>
  | Base<'playbook.completed', Json>
  | Base<'playbook.failed', FailureResult>
  | Base<'execution.cancelled', { reason: string }>
  | Base<'execution.paused' | 'execution.resumed', null>
  | Base<'execution.redriven', Redriven>;

/** What an execution starts from; `node_name` is the playbook's path. */
export interface Initialized {
  execution_id: Id;
  catalog_id: Id;
  parent_execution_id?: Id;
  /** Defaults under the request, templates settled. */
  workload: JsonObject;
  /** The request as it came. */
  payload: JsonObject;
}

/** `node_name` is the loop's step. */
export interface Redriven {
  run: number;
  /** The loop's first entry. */
  redrive_of: Id;
  /** How many were chosen. */
  items: number;
}

/** Where a step that has ended leads to. Arcs not taken are those of the playbook that are not named here. */
export interface Routing {
  /** `event.name` as conditions saw it. */
  event: string;
  taken: { step: string; args: JsonObject }[];
  /** Replaces the step's value (seed action `result`). */
  value?: Json;
  /** What its cases had to say. */
  log?: string[];
  /** The step failed and nothing handles it: the execution fails once what runs has ended. */
  fatal?: ErrorInfo;
}

/** A step's value after its loop: results in index order (or a hole of kind `loop`) and the counts. */
export interface LoopResult {
  results: Json;
  stats: LoopStats;
  /** The first failure by index, when the loop failed. */
  error?: ErrorInfo;
}

/** Mapped to `noetl.execution.status`. */
export type ExecutionStatus = 'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';
