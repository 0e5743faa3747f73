/**
 * PostgreSQL and NATS for `noetl dev` and the demo: DATABASE_URL and NATS_URL where they are set, else servers of our
 * own in a folder of ours.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { OwnServers } from './logins.ts';
import { startLocalNats } from './nats.ts';
import { startLocalPostgres } from './postgres.ts';

export interface LocalServices {
  databaseUrl: string;
  natsUrl: string;
  /** Which of them we have started. */
  own: OwnServers;
  /** Stops what we started; what was given stays. */
  stop(): Promise<void>;
  /** Stops what we started and deletes its data. */
  remove(): Promise<void>;
  /** Ends what we started at once, for the way out when there is no time left. */
  abandon(): void;
}

export interface LocalServicesOptions {
  dir: string;
  /** Where a downloaded nats-server is kept. */
  toolDir: string;
  env: NodeJS.ProcessEnv;
  log: (message: string) => void;
}

interface Started {
  pid: number;
  stop: () => Promise<void>;
  remove: () => Promise<void>;
}

export async function startLocalServices(options: LocalServicesOptions): Promise<LocalServices> {
  const { dir, toolDir, env, log } = options;
  const started: Started[] = [];
  const each = async (end: (service: Started) => Promise<void>): Promise<void> => {
    await Promise.all(started.map(end));
  };
  try {
    const [databaseUrl, natsUrl] = await Promise.all([
      env.DATABASE_URL ?? begin(started, startLocalPostgres({ dir: join(dir, 'postgres'), log })),
      env.NATS_URL ?? begin(started, startNats(join(dir, 'nats'), toolDir, log)),
    ]);
    return {
      databaseUrl,
      natsUrl,
      own: { database: env.DATABASE_URL === undefined, nats: env.NATS_URL === undefined },
      stop: () => each((service) => service.stop()),
      remove: () => each((service) => service.remove()),
      abandon: () => {
        for (const { pid } of started) terminate(pid);
      },
    };
  } catch (error) {
    await each((service) => service.stop());
    throw error;
  }
}

async function begin(started: Started[], starting: Promise<Started & { url: string }>): Promise<string> {
  const service = await starting;
  started.push(service);
  return service.url;
}

async function startNats(dir: string, toolDir: string, log: (message: string) => void) {
  await mkdir(toolDir, { recursive: true });
  return startLocalNats({ dir, toolDir, log });
}

/** SIGQUIT: PostgreSQL ends at once and takes its children along; nats-server ends too. */
function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGQUIT');
  } catch {
    // Already gone.
  }
}
