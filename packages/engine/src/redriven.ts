/**
 * What a redrive takes back: the loop's step and all that forward arcs reach from it are as if they had never been
 * entered. What came to them from outside stays, so that joins need not wait for branches that do not run again.
 */
import { stepState, type ExecutionState, type StepState } from './state.ts';

export function withoutRound(state: ExecutionState, round: ReadonlySet<string>): ExecutionState {
  const { last, fatal, ...rest } = state;
  const outside = <T>(of: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(of).filter(([name]) => !round.has(name)));
  const steps = { ...state.steps };
  for (const name of round) {
    if (Object.hasOwn(steps, name)) steps[name] = untouched(stepState(state, name), outside);
  }
  return {
    ...rest,
    steps,
    values: outside(state.values),
    kinds: outside(state.kinds),
    exited: state.exited.filter((name) => !round.has(name)),
    ...(last !== undefined && !round.has(last) && { last }),
    // A failure elsewhere is not undone by running this loop again.
    ...(fatal && !round.has(fatal.step) && { fatal }),
  };
}

/** Without command and loop: facts about those are late from now on. */
function untouched(
  { visits, args, tokens, used }: StepState,
  outside: <T>(of: Record<string, T>) => Record<string, T>,
): StepState {
  return { status: 'waiting', visits, args, tokens: outside({ ...used, ...tokens }) };
}
