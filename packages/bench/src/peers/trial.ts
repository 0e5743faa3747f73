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

/** The run was broken off at its limit. */
export class TooSlow extends Error {
  readonly limitS: number;

  constructor(limitS: number, options?: ErrorOptions) {
    super(`not done within ${limitS} s`, options);
    this.limitS = limitS;
  }
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
  const limit = new AbortController();
  const interrupt = () => limit.abort();
  options.signal.addEventListener('abort', interrupt);
  const timer = setTimeout(interrupt, options.limitMs);
  try {
    driver.send(order);
    const said = await answer(driver, limit);
    if (said.kind === 'failed') throw new Error(said.reason);
    return said.timing;
  } catch (error) {
    if (options.signal.aborted) throw new Error('interrupted', { cause: error });
    if (limit.signal.aborted) throw new TooSlow(options.limitMs / 1000, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', interrupt);
    endGroup(driver);
    await ended;
  }
}

/** What the driver says, or a rejection when it ends before, or at the limit. Ends the limit's listeners. */
async function answer(driver: ChildProcess, limit: AbortController): Promise<DriverSays> {
  const { signal } = limit;
  const said = once(driver, 'message', { signal }) as Promise<[DriverSays]>;
  const gone = once(driver, 'exit', { signal }).then(([code]: unknown[]): never => {
    throw new Error(`the driver process ended with code ${String(code)}`);
  });
  // Whichever comes second is of no interest.
  said.catch(() => undefined);
  gone.catch(() => undefined);
  const [message] = await Promise.race([said, gone]);
  return message;
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
