/** Commands: what a worker is asked to do. Rows of `noetl.command`; the message on NATS only names one. */
import type { Id } from './id.ts';
import type { Json, JsonObject } from './json.ts';
import type { LoopMode } from './loop-state.ts';

/** What templates of a step can see; projected to what that step uses. Values may contain holes. */
export interface Context {
  execution_id: Id;
  catalog_id: Id;
  parent_execution_id?: Id;
  path: string;
  /** Workload and variables: one dictionary, reachable as `workload`, `ctx`, `vars` and by bare name. */
  vars: JsonObject;
  /** Last value of each step that has finished. */
  steps: Record<string, Json>;
  /** How the value of a step is stored: a loop result, the results of several tasks, or of the one task named. */
  step_kinds: Record<string, 'loop' | 'pipeline' | `task:${string}`>;
  /** The step that ended last: `result` and `response` are its value. */
  last?: string;
  /** Transition arguments of the step that runs (`next: [{step, args}]`). */
  args: JsonObject;
  /** Request payload. */
  payload: JsonObject;
}

/** Runs the tasks of one step once. */
export interface StepCommand {
  lane: 'step';
  command_id: Id;
  execution_id: Id;
  step: string;
  /** The step.enter event that caused it. */
  event_id: Id;
  context: Context;
  /** Seconds until the step fails as it stands. */
  timeout_s?: number;
  /** Workers that may run it; {@link DEFAULT_POOL} when absent. */
  pool?: string;
}

/** Runs iterations `[from_index, to_index)` of a loop; definition and context are in the loop's row. */
export interface ChunkCommand {
  lane: 'chunk';
  command_id: Id;
  execution_id: Id;
  step: string;
  loop_id: Id;
  /** Absent for a frame of a cursor loop: its items are claimed when it starts. */
  from_index?: number;
  to_index?: number;
}

export type Command = StepCommand | ChunkCommand;

/** The message on NATS: names a command, carries no data. */
export interface CommandNotice {
  execution_id: Id;
  command_id: Id;
  lane: 'step' | 'chunk';
}

/** A command with the pool whose workers may run it. */
export interface RoutedCommand extends CommandNotice {
  pool: string;
}

/** Of steps that name no pool, and of workers that are given none. */
export const DEFAULT_POOL = 'default';

/** Pools are parts of subjects in NATS, and of names of consumers. */
export function isPoolName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-zA-Z0-9_-]{1,63}$/.test(value);
}

/** Where a loop's items are. Frozen at loop entry. */
export type Collection =
  | { kind: 'inline'; items: Json[] }
  | { kind: 'range'; start: number; step: number; count: number }
  /** A hole of kind `list` or `loop`. */
  | { kind: 'ref'; ref: string; count: number };

/** Of a loop entry that runs chosen items of an earlier one again; its positions stand for those items' indexes. */
export interface LoopRedrive {
  /** The first entry: all its redrives name it, whatever came in between. */
  loop_id: Id;
  /** The execution's run that it belongs to; from 2. */
  run: number;
  /** Items of the first entry. */
  total: number;
  /** Where the chosen indexes are, in rising order. */
  list_id: Id;
  /** Items that were not chosen, by their newest outcome. */
  kept: { completed: number; failed: number };
  /** Failures of the whole loop that do not fail it. */
  tolerated?: { count?: number; percent?: number };
}

export type OnError = 'fail' | 'continue';

/** A loop entry as the engine opens it: becomes the row of `noetl.loop`. */
export interface LoopOpening {
  /** Id of the `loop.started` event. */
  loop_id: Id;
  step: string;
  /** Event id of iteration 0; ids `[base_event_id, base_event_id + size)` are reserved. */
  base_event_id: Id;
  size: number;
  iterator: string;
  mode: LoopMode;
  /** Most iterations at once over all workers; absent: what the pool can take. Sequential loops have 1. */
  max_in_flight?: number;
  on_error: OnError;
  /** Failed items that do not fail the loop. */
  tolerated?: { count?: number; percent?: number };
  /** A chunk holds at most this many items. */
  chunk_max?: number;
  /** Items that one chunk may run at once. */
  concurrency: number;
  /** Items are claimed while the loop runs: `size` is 0 here and grows. */
  cursor: boolean;
  collection: Collection;
  context: Context;
  redrive?: LoopRedrive;
  /** Seconds until the loop is stopped as it stands, and fails. */
  timeout_s?: number;
  /** Variables that items before have written. */
  ctx?: JsonObject;
  /** Workers that may run its items; {@link DEFAULT_POOL} when absent. */
  pool?: string;
}
