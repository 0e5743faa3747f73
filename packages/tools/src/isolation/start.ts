/** Starting a program in an enclosure, and ending it with all that it has started. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Enclosure, Program } from './isolation.ts';

/** Pipes that a process which got away keeps open are given up after this. */
const PIPES_MS = 1_000;

/** A process group of its own. Throws what `spawn` throws. */
export function startIn(enclosure: Enclosure, program: Program): ChildProcess {
  const { files, ...launch } = enclosure.launch(program);
  try {
    const child = spawn(launch.program, launch.args, {
      env: launch.env,
      cwd: launch.cwd,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', ...files],
    });
    endTreeOnExit(child);
    child.once('exit', () => enclosure.endLeftOvers());
    return child;
  } finally {
    for (const file of files) closeSync(file);
  }
}

/** What the process has left running in the background ends with it. */
export function endTreeOnExit(child: ChildProcess): void {
  child.once('exit', () => {
    killTree(child);
    const giveUp = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, PIPES_MS);
    child.once('close', () => clearTimeout(giveUp));
  });
}

/** The process group. What has left it ends with its account or its namespace, where it has one. */
export function killTree(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
}
