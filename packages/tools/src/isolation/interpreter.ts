/** Where a Python interpreter and its modules really are, so that they can be shown to a process that sees little else. */
import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { promisify } from 'node:util';

export interface Interpreter {
  program: string;
  /** Folders that it reads its modules from. */
  reads: string[];
}

const WITHIN_MS = 20_000;
const ASK = 'import json, sys; print(json.dumps([sys.executable, sys.prefix, sys.base_prefix, *sys.path]))';

/** Asked of the interpreter itself: what is on PATH may be a script that starts another one. */
export async function interpreterOf(pythonPath: string): Promise<Interpreter | undefined> {
  try {
    const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
    const { stdout } = await promisify(execFile)(pythonPath, ['-I', '-c', ASK], { env, timeout: WITHIN_MS });
    const [program = pythonPath, ...folders] = JSON.parse(stdout) as string[];
    const places = [...folders, realpathSync(program)].filter((path) => path !== '' && existsSync(path));
    return { program, reads: outermost(places) };
  } catch {
    // There is none: steps say so when they need it.
    return undefined;
  }
}

/** Without those that lie in others. */
function outermost(paths: string[]): string[] {
  const all = [...new Set(paths)];
  return all.filter((path) => !all.some((other) => other !== path && path.startsWith(`${other}/`)));
}
