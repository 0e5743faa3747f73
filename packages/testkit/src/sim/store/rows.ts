/** Rows of the modelled tables, with the columns that decide something. */
import type { EngineEvent, ExecutionStatus, Id, LoopOpening } from '@noetl/protocol';

export interface ExecutionRow {
  execution_id: Id;
  status: ExecutionStatus;
  last_event_id: Id;
  advanced_event_id: Id;
  /** JSON text, with keys in the order in which `jsonb` gives them back. */
  snapshot: string | null;
  snapshot_event_id: Id;
  cancel_requested: string | null;
  paused: boolean;
  /** Times are the database's, in virtual milliseconds. */
  deadline: number | null;
  ended: boolean;
  updated_at: number;
}

export interface CommandRow {
  execution_id: Id;
  command_id: Id;
  lane: 'step' | 'chunk';
  step: string;
  loop_id: Id | null;
  from: number;
  to: number;
  state: 'pending' | 'leased' | 'done' | 'cancelled';
  attempt: number;
  worker: string | null;
  lease_until: number;
  available_at: number;
  /** How often a holder vanished. */
  deaths: number;
  /** The item that runs, once a holder has vanished; and the items at which later ones did. */
  cursor: number | null;
  died_at: number[];
}

export interface LoopRow extends Pick<
  LoopOpening,
  | 'loop_id'
  | 'step'
  | 'base_event_id'
  | 'size'
  | 'mode'
  | 'iterator'
  | 'on_error'
  | 'concurrency'
  | 'tolerated'
> {
  execution_id: Id;
  max_in_flight: number | null;
  next_index: number;
  completed: number;
  failed: number;
  open_chunks: number;
  state: 'open' | 'stopping' | 'filled' | 'done';
  filled_at: number;
  paused: boolean;
}

/** One iteration's `step.exit`. */
export interface IterationRow {
  index: number;
  failed: boolean;
}

/** What a transaction appends to the event table. */
export type Appended =
  | { execution_id: Id; event: EngineEvent }
  | { execution_id: Id; loop_id: Id; base_event_id: Id; iterations: IterationRow[] };

export interface Tables {
  execution: ExecutionRow;
  command: CommandRow;
  loop: LoopRow;
}
export type Table = keyof Tables;

export const executionKey = (executionId: Id): string => `e${executionId}`;
export const commandKey = (executionId: Id, commandId: Id): string => `c${executionId}/${commandId}`;
export const loopKeyOf = (executionId: Id, loopId: Id): string => `l${executionId}/${loopId}`;

export function keyOf<T extends Table>(table: T, row: Tables[T]): string {
  if (table === 'execution') return executionKey(row.execution_id);
  if (table === 'command') return commandKey(row.execution_id, (row as CommandRow).command_id);
  return loopKeyOf(row.execution_id, (row as LoopRow).loop_id);
}
