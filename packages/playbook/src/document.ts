/**
 * The normal form of a playbook: what every part of the system works with after parsing. Both generations of
 * the DSL arrive here. Strings may contain templates; nothing is rendered yet.
 */
import type { Json, JsonObject, LoopMode, OnError, Place } from '@noetl/protocol';

/** Ten years; of the time-outs of executions and steps. */
export const TIMEOUT_MAX_S = 315_360_000;

export function isStepTimeout(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= TIMEOUT_MAX_S;
}

export interface Playbook {
  path: string;
  name: string;
  /** `seed` when the document uses seed-generation syntax (case, args, string next …). */
  generation: 'canonical' | 'seed';
  description?: string;
  workload: JsonObject;
  /** In document order; names are unique. */
  steps: Step[];
  entry_step: string;
  /** Seconds that an execution may take. */
  timeout_s?: number;
  keychain: JsonObject[];
  workbook: JsonObject[];
}

/** A remark that does not prevent registration, or a fault that does. */
export interface Diagnostic {
  code: string;
  message: string;
  hint: string;
  place: Place;
}

export interface Step {
  name: string;
  desc?: string;
  /** Run in order in one command; empty for a step that only routes. */
  tasks: Task[];
  /** Written as a list of named tasks; its results are then reachable by task name. */
  pipeline: boolean;
  loop?: LoopSpec;
  /** Merged under every task's input. */
  input: JsonObject;
  /** Written after the step's result is known; keys without the `ctx.` prefix, dots nest. */
  set: Assignments;
  /** Seed `vars:` block; as `set`, with `result` and `response` bound to the step's value. */
  vars: Assignments;
  cases: Case[];
  next: Router;
  /** Guard of admission: the step is skipped when it is false. */
  admit?: Condition;
  output?: JsonObject;
  /** Name of the limit that every call of its tools falls under; may be a template. */
  limit?: string;
  /** Seconds from entering the step to its end, with all tries and items; may be a template. */
  timeout?: Json;
  /** Workers that may run it; may be a template. */
  pool?: string;
}

/** The name under which a template stands in place of a mapping of inputs. */
export const ALL_INPUTS = '**';

/** Variable path (`a`, `a.b`, `iter.x`) to template. In order of the document. */
export type Assignments = Record<string, Json>;

/** A template that is read as a truth value, or a constant. */
export type Condition = string | boolean;

export interface Task {
  /** Task label; for a single tool `<step>_task`. */
  name: string;
  kind: string;
  /** Inputs of the tool (`input`, or `args` in the seed generation), templated. */
  input: JsonObject;
  /** All other keys of the tool, templated: `code`, `url`, `method`, `libs`, `auth` … */
  config: JsonObject;
  rules: Rule[];
  set: Assignments;
  /** Seconds; may be a template. */
  timeout?: Json;
  /** How the result is kept, when the task says so itself. */
  output?: JsonObject;
}

export interface Rule {
  /** Absent for an `else` rule. */
  when?: Condition;
  do: 'continue' | 'retry' | 'fail' | 'break' | 'jump';
  /** Total tries, with `retry`. */
  attempts?: Json;
  backoff?: 'none' | 'fixed' | 'linear' | 'exponential';
  /** Seconds, with `retry`. */
  delay?: Json;
  /** Task label, with `jump`. */
  to?: string;
  set: Assignments;
}

export interface LoopSpec {
  /** Template or literal that gives the collection. */
  in: Json;
  iterator: string;
  mode: LoopMode;
  max_in_flight?: Json;
  on_error: OnError;
  /** Failed items that do not fail the loop; may be templates. */
  tolerated?: { count?: Json; percent?: Json };
  /** `local`: one worker at a time runs the loop. */
  exec: 'distributed' | 'local';
  /** Cursor loops: items are claimed while the loop runs. */
  cursor?: CursorSpec;
}

export interface CursorSpec {
  /** Kind of the tool that claims: `postgres`. */
  kind: string;
  /** Its configuration, with the claim as `query`; templated. */
  config: JsonObject;
  /** Most rows of one claim; `__frame_max_rows` in the claim. */
  max_rows: Json;
  /** Rows of one frame that run at once. */
  row_concurrency: Json;
  /** `frame`: the tasks run once a claim, their item is the list of rows. */
  process: 'row' | 'frame';
}

export interface Router {
  mode: 'exclusive' | 'inclusive';
  /** `quiet`: no arc matching is not worth a remark. */
  on_no_match?: string;
  arcs: Arc[];
}

export interface Arc {
  step: string;
  when?: Condition;
  set: Assignments;
  /** Transition arguments: the target's `args`, overriding same-named inputs of its tool. */
  args: JsonObject;
}

export interface Case {
  when: Condition;
  then: Action[];
  else: Action[];
}

/** Actions of a seed `case`. `next` and `call` carry arcs; `sink`, `retry` and `collect` run in the worker. */
export type Action =
  | { do: 'next' | 'call'; arcs: Arc[] }
  | { do: 'set'; set: Assignments }
  | { do: 'result'; from: Json }
  | { do: 'fail'; message: Json }
  | { do: 'log'; message: Json }
  | { do: 'sink'; task: Task }
  | { do: 'retry' | 'collect'; config: JsonObject };
