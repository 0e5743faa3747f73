/** What stored events and snapshots say, as the state that the engine decides on. */
import { evolve, initialState, type ExecutionState } from '@noetl/engine';
import type { EngineEvent, Json } from '@noetl/protocol';
import type { Playbook } from '@noetl/playbook';

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
