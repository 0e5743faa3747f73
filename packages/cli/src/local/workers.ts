/** More workers on this machine for a deployment that runs somewhere: as many processes as asked for, until told to stop. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from './child.ts';
import { MAIN } from './platform.ts';

export interface LocalWorkers {
  /** They finish what they hold, and leave. */
  stop(): Promise<void>;
  /** Ends them at once, without waiting. */
  abandon(): void;
}

const STOP_WITHIN_MS = 30_000;

/** Configured by `env` alone, as every worker; they end with us. */
export async function startWorkers(
  count: number,
  env: NodeJS.ProcessEnv,
  logDir: string,
): Promise<LocalWorkers> {
  await mkdir(logDir, { recursive: true });
  const children = await Promise.all(
    Array.from({ length: count }, (_, place) =>
      Child.start({
        command: process.execPath,
        args: [MAIN, 'worker'],
        logFile: join(logDir, `worker-${String(place + 1)}.log`),
        env: { ...env, NOETL_EXIT_WITH_PARENT: '1' },
      }),
    ),
  );
  return {
    stop: async () => {
      await Promise.all(children.map((child) => child.stop('SIGTERM', 'SIGKILL', STOP_WITHIN_MS)));
    },
    abandon: () => {
      for (const child of children.filter(({ running }) => running)) process.kill(child.pid, 'SIGTERM');
    },
  };
}
