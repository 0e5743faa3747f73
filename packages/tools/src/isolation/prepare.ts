/** What a worker does about isolation before it runs anything. */
import { runnerPrograms } from '../runner/programs.ts';
import { chooseIsolation, type IsolationWishes } from './choose.ts';
import { interpreterOf, type Interpreter } from './interpreter.ts';
import type { Isolation } from './isolation.ts';

export interface Prepared {
  isolation: Isolation;
  python: Interpreter;
}

/** Starts a runner of each language that there is, to see that it works. Throws ISOLATION_UNAVAILABLE. */
export async function prepareIsolation(wishes: IsolationWishes, pythonPath: string): Promise<Prepared> {
  const found = await interpreterOf(pythonPath);
  const python = found ?? { program: pythonPath, reads: [] };
  const programs = runnerPrograms(python, wishes.limits);
  const isolation = await chooseIsolation(wishes, [
    programs.javascript,
    ...(found === undefined ? [] : [programs.python]),
  ]);
  return { isolation, python };
}
