/** What happens next: pure decisions over the event log. */
export { decide } from './decide.ts';
export { evolve } from './evolve.ts';
export type { Decision, EngineInput, Environment, Outcome, RedrivenLoop } from './inputs.ts';
export { initialState, runningSteps, statusOf, type ExecutionState, type StepState } from './state.ts';
