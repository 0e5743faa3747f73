/** Whether a level works here is tried, not guessed: programs are started in it, and one looks what it can reach. */
import { setTimeout as pause } from 'node:timers/promises';
import { realpathSync } from 'node:fs';
import { runCommand } from '../process/command.ts';
import { RunnerProcess } from '../runner/process.ts';
import type { Isolation, Program } from './isolation.ts';

const WITHIN_MS = 20_000;

/** Undefined when it works; else what went wrong. */
export async function whyNot(isolation: Isolation, runners: readonly Program[]): Promise<string | undefined> {
  try {
    const reasons = await Promise.all(runners.map((program) => whyNoRunner(isolation, program)));
    return reasons.find((reason) => reason !== undefined);
  } catch (error) {
    return (error as Error).message;
  }
}

async function whyNoRunner(isolation: Isolation, program: Program): Promise<string | undefined> {
  const runner = new RunnerProcess(isolation, program);
  const late = new AbortController();
  try {
    await Promise.race([runner.ready, pause(WITHIN_MS, undefined, { signal: late.signal })]);
    if (runner.alive && runner.started) return undefined;
    if (runner.alive)
      return `${realpathSync(program.program)} did not start within ${String(WITHIN_MS / 1000)} s`;
    const end = await runner.next();
    return end.kind === 'exit' ? `${program.program}: ${end.reason}` : undefined;
  } finally {
    late.abort();
    runner.kill();
    await runner.ended();
  }
}

/** Whether code reads what the worker holds, its environment with its keys for a start. */
export async function readsTheWorker(isolation: Isolation): Promise<boolean> {
  const enclosure = isolation.enter();
  try {
    const file = `/proc/${String(process.pid)}/environ`;
    const script = `if head -c 1 ${file} >/dev/null 2>&1; then echo open; fi`;
    const env = { PATH: '/usr/bin:/bin' };
    const command = { program: '/bin/sh', args: ['-c', script], env, enclosure };
    const { stdout } = await runCommand(command, AbortSignal.timeout(WITHIN_MS));
    return stdout.trim() === 'open';
  } finally {
    enclosure.leave();
  }
}
