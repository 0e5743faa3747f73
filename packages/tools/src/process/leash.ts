/**
 * Processes that end with the worker that started them, even when it is killed: the kernel ends them, by `setpriv` of
 * util-linux. Elsewhere they notice only when they next read or write, so code that runs for ever goes on.
 */
import { accessSync, constants } from 'node:fs';

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => {
  try {
    accessSync(path, constants.X_OK);
    return process.platform === 'linux';
  } catch {
    return false;
  }
});

/** What to spawn instead, in the same process and with the same arguments. */
export function leashed(program: string, args: readonly string[]): [string, string[]] {
  if (SETPRIV === undefined) return [program, [...args]];
  return [SETPRIV, ['--pdeathsig', 'KILL', '--', program, ...args]];
}
