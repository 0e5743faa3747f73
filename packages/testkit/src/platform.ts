/** The whole product as real processes, on real services, for end-to-end and fault tests. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Platform, type PlatformOptions } from '@noetl/cli/local';
import { authEnv, type AuthMode } from './auth.ts';
import { mutated } from './mutate/mutated.ts';
import { startTestNats, type TestNats } from './nats.ts';
import { startTestPostgres, type TestPostgres } from './postgres.ts';
import { endWithRun, runFolder, uniqueName } from './run-folder.ts';

export interface TestPlatformOptions {
  /** Worker processes to start with. */
  workers: number;
  /** Whether the api asks for a token; as NOETL_TEST_AUTH says when absent. */
  auth?: AuthMode;
  env?: Record<string, string>;
  /** More environment for one process: `api`, `aggregator`, `worker-1`, … */
  envOf?: (name: string) => Record<string, string>;
  /** Program and first arguments of one process: another build, another host. */
  programOf?: PlatformOptions['programOf'];
  /** False where processes of an older build take part: all of them are the owner of an empty database then. */
  roles?: boolean;
  /** Services to use; fresh ones, ended with the platform, when absent. */
  postgres?: { url: string };
  nats?: { url: string };
}

export interface TestPlatform {
  /** Base URL of the api. */
  url: string;
  databaseUrl: string;
  natsUrl: string;
  processes: Platform;
  /** `kill -9` unless told otherwise; resolves when the process is gone. */
  kill(name: string, signal?: NodeJS.Signals): Promise<void>;
  addWorker(): Promise<string>;
  restart(name: string): Promise<void>;
  /** What a process has logged so far. */
  log(name: string): string;
  /** Where a worker or the aggregator says that it serves its metrics. */
  metricsUrl(name: string): string;
  stop(): Promise<void>;
}

/** A defect that whoever runs this wants in all processes. */
function mutation(): Record<string, string> {
  const name = process.env.NOETL_TEST_MUTATION;
  return name === undefined ? {} : mutated(name);
}

/** Starts api, aggregator and workers from `dist`; build first. */
export async function startPlatform(options: TestPlatformOptions): Promise<TestPlatform> {
  const own: (TestPostgres | TestNats)[] = [];
  const use = async <T extends TestPostgres | TestNats>(start: () => Promise<T>): Promise<T> => {
    const service = await start();
    own.push(service);
    return service;
  };
  const endServices = async (): Promise<void> => {
    for (const service of own) await service.stop();
  };
  const roles = options.roles ?? true;
  const postgres = options.postgres ?? (await use(() => startTestPostgres({ empty: !roles })));
  const nats = options.nats ?? (await use(() => startTestNats({ open: !roles })));
  const logDir = join(runFolder(), uniqueName('platform'));
  let processes: Platform;
  try {
    processes = await Platform.start({
      databaseUrl: postgres.url,
      natsUrl: nats.url,
      own: { database: roles, nats: roles },
      workers: options.workers,
      logDir,
      env: {
        NOETL_LOG_FORMAT: 'json',
        NOETL_LOG_LEVEL: 'info',
        // Trying accounts out costs each worker a second of CPU; the attacks on the sandbox have them on.
        NOETL_RUNNER_UIDS: 'off',
        ...authEnv(options.auth),
        ...mutation(),
        ...options.env,
      },
      ...(options.envOf && { envOf: options.envOf }),
      ...(options.programOf && { programOf: options.programOf }),
      onStart: (_, pid) => void endWithRun(pid),
    });
  } catch (error) {
    await endServices();
    throw error;
  }
  return {
    url: processes.url,
    databaseUrl: postgres.url,
    natsUrl: nats.url,
    processes,
    kill: (name, signal) => processes.kill(name, signal),
    addWorker: () => processes.addWorker(),
    restart: (name) => processes.restart(name),
    log: (name) => processes.log(name),
    metricsUrl: (name) => metricsUrlIn(processes.log(name), name),
    stop: async () => {
      await processes.stop();
      await endServices();
      expectPermitted(logDir);
    },
  };
}

/** SQLSTATE insufficient_privilege. */
const DENIED = '"code":"42501"';

/** Whatever a process does is in the matrix of privileges; otherwise it tries for ever, and the test says time-out. */
function expectPermitted(logDir: string): void {
  for (const file of readdirSync(logDir).filter((name) => name.endsWith('.log'))) {
    const lines = readFileSync(join(logDir, file), 'utf8').split('\n');
    const line = lines.find((text) => text.includes(DENIED));
    if (line !== undefined)
      throw new Error(`${file} tells of a privilege that is lacking: ${line.slice(0, 300)}`);
  }
}

function metricsUrlIn(log: string, name: string): string {
  const url = /"url":"(http:[^"]+\/metrics)"/.exec(log)?.[1];
  if (url === undefined) throw new Error(`${name} does not say where its metrics are`);
  return url;
}
