/** How an execution has ended, as far as that must not depend on what went wrong on the way. */
import { statusOf, type ExecutionState } from '@noetl/engine';

export type Outcome = string;

/** Its status; of one that was completed also how often each step was visited. */
export function outcomeOf(state: ExecutionState): Outcome {
  const status = statusOf(state);
  if (status !== 'COMPLETED') return status;
  const steps = Object.entries(state.steps).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${status} ${steps.map(([name, step]) => `${name}:${step.status}:${String(step.visits)}`).join(' ')}`;
}
