/** The state of an execution: what its events say, as plain JSON (it is the snapshot). */
import type { Context, ErrorInfo, ExecutionStatus, Id, Json, JsonObject } from '@noetl/protocol';

export type Phase = 'new' | 'running' | 'completed' | 'failed' | 'cancelled';

/**
 * `waiting`: may still be reached. `running`: entered. `exited`: its outcome is known, where it leads to is not
 * decided. `completed`, `failed`: routed. `skipped`: no arc leads to it in this round.
 */
export type StepStatus = 'waiting' | 'running' | 'exited' | 'completed' | 'failed' | 'skipped';

/** What an arc has brought to its target since the target was last entered. */
export interface Token {
  taken: boolean;
  args: JsonObject;
}

export interface StepState {
  status: StepStatus;
  visits: number;
  /** By predecessor. */
  tokens: Record<string, Token>;
  /** Those that the step was last entered or skipped with: a redrive needs them again. */
  used?: Record<string, Token>;
  args: JsonObject;
  /** The command or loop entry that runs now; facts of any other are late and change nothing. */
  command_id?: Id;
  loop_id?: Id;
  outcome?: { failed: boolean; error?: ErrorInfo };
  /** A back-edge arrived while the step was running: it is entered again when it has ended. */
  again?: JsonObject;
}

export interface ExecutionState {
  phase: Phase;
  /** From the first redrive on: 2, and one more for each. */
  run?: number;
  execution_id: Id;
  catalog_id: Id;
  parent_execution_id?: Id;
  path: string;
  payload: JsonObject;
  vars: JsonObject;
  steps: Record<string, StepState>;
  /** Last value of each step that has ended, and how it is stored. */
  values: Record<string, Json>;
  kinds: Context['step_kinds'];
  /** Steps whose outcome waits to be routed, in order of their ends. */
  exited: string[];
  /** The step that ended last. */
  last?: string;
  /** The first failure that nothing handled: nothing new starts, what runs may end. */
  fatal?: { step: string; error: ErrorInfo };
}

export function initialState(): ExecutionState {
  return {
    phase: 'new',
    execution_id: '0',
    catalog_id: '0',
    path: '',
    payload: {},
    vars: {},
    steps: {},
    values: {},
    kinds: {},
    exited: [],
  };
}

const UNTOUCHED: StepState = { status: 'waiting', visits: 0, tokens: {}, args: {} };

export function stepState(state: ExecutionState, name: string): StepState {
  return Object.hasOwn(state.steps, name) ? (state.steps[name] as StepState) : UNTOUCHED;
}

export function runningSteps(state: ExecutionState): string[] {
  return Object.keys(state.steps).filter((name) => stepState(state, name).status === 'running');
}

const STATUS: Record<Phase, ExecutionStatus> = {
  new: 'PENDING',
  running: 'RUNNING',
  completed: 'COMPLETED',
  failed: 'FAILED',
  cancelled: 'CANCELLED',
};

export function statusOf(state: ExecutionState): ExecutionStatus {
  return STATUS[state.phase];
}
