/** One measured run in processes of its own, under a time limit; whatever happens, all of them are gone afterwards. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { DriverSays, RunOrder, Timing } from './messages.ts';

export interface TrialOptions {
  /** The driver's program. */
  program: string;
  limitMs: number;
  /** What the processes print goes here. */
  logFile: string;
  /** Ends the run before its time. */
  signal: AbortSignal;
}

/** Throws with the reason when the run fails or takes longer than it may. */
export async function trial(order: RunOrder, options: TrialOptions): Promise<Timing> {
  const log = openSync(options.logFile, 'a');
  // A session of its own, so that one signal reaches the driver and its workers.
  const driver = fork(options.program, {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: quietEnv(),
  });
  closeSync(log);
  const ended = once(driver, 'exit');
  const limit = AbortSignal.any([options.signal, AbortSignal.timeout(options.limitMs)]);
  try {
    driver.send(order);
    const said = await answer(driver, limit);
    if (said.kind === 'failed') throw new Error(said.reason);
    return said.timing;
  } catch (error) {
    if (options.signal.aborted) throw new Error('interrupted', { cause: error });
    if (limit.aborted) throw new Error(`not done within ${options.limitMs / 1000} s`, { cause: error });
    throw error;
  } finally {
    endGroup(driver);
    await ended;
  }
}

async function answer(driver: ChildProcess, limit: AbortSignal): Promise<DriverSays> {
  const over = new AbortController();
  const signal = AbortSignal.any([limit, over.signal]);
  try {
    const said = once(driver, 'message', { signal }) as Promise<[DriverSays]>;
    const gone = once(driver, 'exit', { signal }).then(([code]: unknown[]): never => {
      throw new Error(`the driver process ended with code ${String(code)}`);
    });
    const [message] = await Promise.race([said, gone]);
    return message;
  } finally {
    over.abort();
  }
}

function endGroup(driver: ChildProcess): void {
  if (driver.pid === undefined) return;
  try {
    process.kill(-driver.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** No peer reports anything to its makers. */
function quietEnv(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_ENV: 'production', DO_NOT_TRACK: '1', OTEL_SDK_DISABLED: 'true' };
}
