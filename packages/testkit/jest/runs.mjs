/**
 * Ends what a test run left behind. Every process that outlives a test writes `<name>.pid` into the run's folder;
 * removing a run kills exactly those and deletes the folder.
 */
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Kills the processes of one run (by their pid files) and deletes its folder. Safe to call twice. */
export function removeRun(dir) {
  if (!dir || !existsSync(dir)) return;
  for (const file of readdirSync(dir).filter((name) => name.endsWith('.pid'))) {
    // SIGQUIT: PostgreSQL stops at once and takes its children along.
    signal(Number(readFileSync(join(dir, file), 'utf8')), 'SIGQUIT');
  }
  rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

/** Removes the runs whose jest process no longer exists (killed, crashed). */
export function sweepDeadRuns(parent) {
  for (const name of readdirSync(parent)) {
    const owner = /^noetl-test-(\d+)-/.exec(name);
    if (owner && !signal(Number(owner[1]), 0)) removeRun(join(parent, name));
  }
}

/** True when the process exists (and the signal was sent). */
function signal(pid, name) {
  try {
    return process.kill(pid, name);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
