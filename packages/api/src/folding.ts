/** What stored events and snapshots say, as the state that the engine decides on. */
import { evolve, initialState, type ExecutionState } from '@noetl/engine';
import { TERMINAL_EVENTS, type EngineEvent, type Id, type Json } from '@noetl/protocol';
import type { Playbook } from '@noetl/playbook';

/** A state and what it is the fold of. */
export interface HotState {
  state: ExecutionState;
  /** Last event folded into it. */
  version: Id;
  /** Events since the stored snapshot. */
  unsnapped: number;
}

/** Of an execution whose row has just been stored. */
export function newborn(catalogId: Id): HotState {
  return { state: { ...initialState(), catalog_id: catalogId }, version: '0', unsnapped: 0 };
}

/** Events that a process folds which has not decided on the execution before. */
export const SNAPSHOT_EVERY = 128;

/** The state that a snapshot holds. */
export function stateOf(snapshot: Json | undefined): ExecutionState {
  return (snapshot as unknown as ExecutionState | null | undefined) ?? initialState();
}

/** The state that the events tell. */
export function fold(
  start: ExecutionState,
  events: readonly EngineEvent[],
  playbook: Playbook,
): ExecutionState {
  return events.reduce((state, event) => evolve(state, event, playbook), start);
}

/** What the terminal event, if there is one, says about the execution as a whole. */
export function terminalFacts(events: EngineEvent[]): { result?: Json; error?: string } {
  const last = events.find((event) => TERMINAL_EVENTS.includes(event.event_type));
  if (!last) return {};
  return { result: last.result as Json, ...(last.error !== undefined && { error: last.error }) };
}
