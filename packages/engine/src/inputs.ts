/** What goes into a decision and what comes out of it. */
import type { Playbook } from '@noetl/playbook';
import type {
  EngineEvent,
  Id,
  IdSource,
  Json,
  JsonObject,
  LoopOpening,
  LoopRedrive,
  StepCommand,
} from '@noetl/protocol';
import type { ExecutionState } from './state.ts';

export type EngineInput =
  | { kind: 'start'; execution_id: Id; catalog_id: Id; parent_execution_id?: Id; payload: JsonObject }
  /** Facts have been folded: decide what follows. */
  | { kind: 'proceed' }
  /** It has run longer than it may. */
  | { kind: 'expire' }
  /** Items of a loop are to run again, after the end. */
  | { kind: 'redrive'; step: string; loop: RedrivenLoop }
  /** `cascade: false` leaves children running. */
  | { kind: 'cancel'; reason: string; cascade?: boolean };

/** The loop as its first entry froze it, over chosen items. */
export type RedrivenLoop = Omit<LoopOpening, 'loop_id' | 'base_event_id' | 'redrive' | 'step' | 'cursor'> & {
  redrive: Omit<LoopRedrive, 'run'>;
};

/** Everything the engine may not make by itself. */
export interface Environment {
  playbook: Playbook;
  ids: IdSource;
  /** Unix time. */
  nowMs: number;
  /** Variables of the process that templates may read. */
  env: JsonObject;
  /** Content of a stored value, when it has been loaded; throws when it cannot be. */
  values: (ref: string) => Json | undefined;
}

/** Effects as data: the interpreter stores and publishes them. */
export interface Decision {
  events: EngineEvent[];
  commands: StepCommand[];
  loops: LoopOpening[];
}

export type Outcome =
  | { kind: 'decided'; decision: Decision; state: ExecutionState }
  /** Templates look into stored values: load them and decide again. */
  | { kind: 'needs'; refs: string[] };
