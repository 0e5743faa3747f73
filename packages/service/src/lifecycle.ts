/** One shape for everything long-lived: start, stop, and a process that stops when it is told to. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from './log.ts';
import type { RoundRecorder } from './metrics/process.ts';

export interface Service {
  name: string;
  start(): Promise<void>;
  /** Drains and releases; may be called more than once. */
  stop(): Promise<void>;
}

export interface RunOptions {
  log: Log;
  /** When stopping takes longer, the process ends anyway, with exit code 1. */
  graceMs: number;
}

const KEEP_ALIVE_MS = 60_000;

/**
 * Starts the services in order and runs until SIGTERM or SIGINT; then stops them in reverse order. A second signal
 * ends the process at once. When one does not start, those before it are stopped and the error is thrown.
 */
export async function runServices(services: Service[], options: RunOptions): Promise<void> {
  const told = toldToStop();
  // Signal handlers alone do not keep a process alive.
  const alive = setInterval(() => undefined, KEEP_ALIVE_MS);
  const started: Service[] = [];
  try {
    for (const service of services) {
      await service.start();
      started.push(service);
    }
    options.log.info('ready');
    const signal = await told.signal;
    options.log.info('stopping', { signal });
  } finally {
    const overdue = setTimeout(() => {
      options.log.error('did not stop in time', { grace_ms: options.graceMs });
      process.exit(1);
    }, options.graceMs);
    await stopAll(started.reverse(), options.log);
    clearTimeout(overdue);
    clearInterval(alive);
    told.forget();
  }
  options.log.info('stopped');
}

async function stopAll(services: Service[], log: Log): Promise<void> {
  for (const service of services) {
    try {
      await service.stop();
    } catch (error) {
      log.error('a service did not stop cleanly', { service: service.name, error });
    }
  }
}

function toldToStop(): { signal: Promise<NodeJS.Signals>; forget: () => void } {
  let tell: (signal: NodeJS.Signals) => void;
  let seen = false;
  const signal = new Promise<NodeJS.Signals>((resolve) => (tell = resolve));
  const hear = (name: NodeJS.Signals): void => {
    if (seen) process.exit(130);
    seen = true;
    tell(name);
  };
  process.on('SIGTERM', hear).on('SIGINT', hear);
  return { signal, forget: () => void process.off('SIGTERM', hear).off('SIGINT', hear) };
}

/** A share of the interval by which rounds of many replicas are spread. */
const JITTER = 0.2;

/**
 * Runs `work` again and again, never twice at once; a failed round is logged and the next one comes. Sweeps return how
 * many things they found and did something about.
 */
export function every(
  name: string,
  intervalMs: number,
  work: () => Promise<number> | Promise<void>,
  { log, rounds: recorder }: { log: Log; rounds?: RoundRecorder | undefined },
): Service {
  const abort = new AbortController();
  const stopping = (): boolean => abort.signal.aborted;
  let running: Promise<void> | undefined;
  const rounds = async (): Promise<void> => {
    while (!stopping()) {
      const pause = intervalMs * (1 - JITTER / 2 + Math.random() * JITTER);
      await delay(pause, undefined, { signal: abort.signal, ref: false }).catch(() => undefined);
      if (stopping()) return;
      const startedAt = performance.now();
      const ended = (ok: boolean, actions?: number): void =>
        recorder?.ended({
          name,
          ok,
          seconds: (performance.now() - startedAt) / 1000,
          ...(actions !== undefined && { actions }),
        });
      try {
        const actions = await work();
        ended(true, typeof actions === 'number' ? actions : undefined);
      } catch (error) {
        log.warn('a periodic round failed', { round: name, error });
        ended(false);
      }
    }
  };
  return {
    name,
    start: () => {
      running ??= rounds();
      return Promise.resolve();
    },
    stop: async () => {
      abort.abort();
      await running;
    },
  };
}
