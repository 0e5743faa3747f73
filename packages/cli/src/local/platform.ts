/**
 * A whole NoETL on this machine: api, workers and aggregator as separate processes of the built program, against
 * given services. Used by `noetl dev`, the demo and the tests.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { localKey } from './key.ts';
import { processLogins, type OwnServers } from './logins.ts';
import { freePort } from './port.ts';

export interface PlatformOptions {
  databaseUrl: string;
  natsUrl: string;
  /** Worker processes. */
  workers: number;
  /** One log file per process goes here. */
  logDir: string;
  /** Port of the api; a free one when absent. */
  port?: number;
  /** More environment for every process. */
  env?: Record<string, string>;
  /** More environment for one: `api`, `aggregator`, `worker-1`, … */
  envOf?: (name: string) => Record<string, string>;
  /**
   * Servers that we have started, on which processes get logins of their own with what each kind needs and no more:
   * `databaseUrl` is a superuser's then, and `natsUrl` that of {@link startLocalNats}.
   */
  own?: OwnServers;
  /** Program and first arguments of one process, in place of this build under the node that runs us. */
  programOf?: (name: string) => readonly [command: string, ...args: string[]];
  /** Told the name and id of every process as it starts. */
  onStart?: (name: string, pid: number) => void;
}

type Role = 'server' | 'worker' | 'aggregator';

/** The built command line program; `tsc -b packages/cli` makes it. */
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 20_000;
const POLL_MS = 25;

export class Platform {
  readonly url: string;
  private readonly options: PlatformOptions;
  private readonly port: number;
  private readonly children = new Map<string, { role: Role; child: Child }>();
  private workersStarted = 0;
  /** Of further replicas of the api. */
  private readonly ports = new Map<string, number>();
  private loginOf: (role: 'api' | 'worker' | 'aggregator') => Record<string, string> = () => ({});

  private constructor(options: PlatformOptions, port: number) {
    this.options = options;
    this.port = port;
    this.url = `http://127.0.0.1:${String(port)}`;
  }

  /** Migrates the database, starts all processes and waits until the api says it is ready. */
  static async start(options: PlatformOptions): Promise<Platform> {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run \`npm run build\` first.`);
    await mkdir(options.logDir, { recursive: true });
    const platform = new Platform(options, options.port ?? (await freePort()));
    try {
      await platform.migrate();
      platform.loginOf = await processLogins(options, options.own ?? { database: false, nats: false });
      await platform.launch('api', 'server');
      await platform.launch('aggregator', 'aggregator');
      for (let i = 0; i < options.workers; i++) await platform.addWorker();
      await platform.ready();
      return platform;
    } catch (error) {
      await platform.stop();
      throw error;
    }
  }

  /** Brings the schema up to what the program of `migrate` knows. */
  async migrate(): Promise<void> {
    const child = await this.spawn('migrate', 'migrate');
    if ((await child.finished()) !== 0) throw new Error(`the migration failed:\n${child.logTail()}`);
  }

  /** Names of the processes that run now: `api`, `aggregator`, `worker-1`, … */
  get names(): string[] {
    return [...this.children].filter(([, { child }]) => child.running).map(([name]) => name);
  }

  /** Starts one more worker process and returns its name. */
  async addWorker(): Promise<string> {
    const name = `worker-${String(++this.workersStarted)}`;
    await this.launch(name, 'worker');
    return name;
  }

  /** Starts one more `api` or `aggregator` beside the first, and returns its name; an api has a port of its own. */
  async addReplica(of: 'api' | 'aggregator'): Promise<string> {
    const name = `${of}-${String([...this.children.keys()].filter((known) => known.startsWith(of)).length + 1)}`;
    if (of === 'api') this.ports.set(name, await freePort());
    await this.launch(name, of === 'api' ? 'server' : of);
    return name;
  }

  /** Base URL of an api. */
  urlOf(name: string): string {
    return `http://127.0.0.1:${String(this.ports.get(name) ?? this.port)}`;
  }

  pid(name: string): number {
    return this.find(name).child.pid;
  }

  /** Sends a signal (`kill -9` unless told otherwise) and waits until the process has ended. */
  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.find(name).child.stop(signal, 'SIGKILL', STOP_WITHIN_MS);
  }

  /** Freezes or thaws a process: `SIGSTOP`, `SIGCONT`. */
  signal(name: string, signal: NodeJS.Signals): void {
    process.kill(this.pid(name), signal);
  }

  /** Starts a process again under the same name, after it was killed; `ready: false` does not wait for the api. */
  async restart(name: string, { ready = true } = {}): Promise<void> {
    const { role, child } = this.find(name);
    if (child.running) await this.kill(name, 'SIGTERM');
    await this.launch(name, role);
    if (role === 'server' && ready) await this.ready();
  }

  /** Processes that have ended and were not started again; the code is null when a signal ended them. */
  ended(): { name: string; code: number | null }[] {
    return [...this.children]
      .filter(([, { child }]) => !child.running)
      .map(([name, { child }]) => ({ name, code: child.exitCode }));
  }

  /** Everything the process has written so far, over all its lives. */
  log(name: string): string {
    return readFileSync(this.logFile(name), 'utf8');
  }

  /** Resolves with the name of the first process that ends. */
  async firstToEnd(): Promise<string> {
    return Promise.race([...this.children].map(([name, { child }]) => child.ended.then(() => name)));
  }

  /** Resolves when the api answers that database and bus are reachable. */
  async ready(): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (Date.now() < deadline) {
      for (const [name, { child }] of this.children) {
        if (!child.running) throw new Error(`${name} ended while starting:\n${child.logTail()}`);
      }
      if (await answersReady(this.url)) return;
      await pause(POLL_MS);
    }
    throw new Error(`the api was not ready in time:\n${this.find('api').child.logTail()}`);
  }

  /** Ends all processes in order (SIGTERM, later SIGKILL), workers first. */
  async stop(): Promise<void> {
    const order: Role[] = ['worker', 'aggregator', 'server'];
    for (const role of order) {
      const ending = [...this.children.values()].filter((entry) => entry.role === role);
      await Promise.all(ending.map(({ child }) => child.stop('SIGTERM', 'SIGKILL', STOP_WITHIN_MS)));
    }
  }

  /** Ends all processes at once without waiting: the last resort when we are being ended ourselves. */
  abandon(): void {
    for (const name of this.names) this.signal(name, 'SIGTERM');
  }

  private async launch(name: string, role: Role): Promise<void> {
    this.children.set(name, { role, child: await this.spawn(name, role) });
  }

  private async spawn(name: string, command: Role | 'migrate'): Promise<Child> {
    const { databaseUrl, natsUrl, env, envOf, programOf, logDir } = this.options;
    const [program, ...args] = programOf?.(name) ?? [process.execPath, MAIN];
    const child = await Child.start({
      command: program,
      args: [...args, command],
      logFile: this.logFile(name),
      env: {
        ...process.env,
        DATABASE_URL: databaseUrl,
        NATS_URL: natsUrl,
        ...(command !== 'migrate' && this.loginOf(command === 'server' ? 'api' : command)),
        NOETL_PORT: String(this.ports.get(name) ?? this.port),
        // Several on one machine: each says in its log where it is.
        NOETL_METRICS_PORT: '0',
        ...(process.env.NOETL_ENCRYPTION_KEY_FILE === undefined && {
          NOETL_ENCRYPTION_KEY: process.env.NOETL_ENCRYPTION_KEY ?? (await localKey(dirname(logDir))),
        }),
        NOETL_EXIT_WITH_PARENT: '1',
        NODE_OPTIONS: '',
        ...trusting(process.env),
        ...env,
        ...envOf?.(name),
      },
    });
    this.options.onStart?.(name, child.pid);
    return child;
  }

  private find(name: string): { role: Role; child: Child } {
    const found = this.children.get(name);
    if (found === undefined)
      throw new Error(`no process named ${name}; there are ${[...this.children.keys()].join(', ')}`);
    return found;
  }

  /** Where a process writes its log. */
  logFile(name: string): string {
    return join(this.options.logDir, `${name}.log`);
  }
}

/** On their own machine people run their own code: as themselves, on their files and their network, if not told otherwise. */
function trusting({
  NOETL_ISOLATION,
  NOETL_RUNNER_UIDS,
  NOETL_ISOLATION_NETWORK,
  NOETL_TOOLS_ALLOWED,
}: NodeJS.ProcessEnv) {
  return {
    NOETL_ISOLATION: NOETL_ISOLATION ?? 'process',
    NOETL_RUNNER_UIDS: NOETL_RUNNER_UIDS ?? (NOETL_ISOLATION === undefined ? 'off' : 'auto'),
    NOETL_ISOLATION_NETWORK: NOETL_ISOLATION_NETWORK ?? 'on',
    NOETL_TOOLS_ALLOWED: NOETL_TOOLS_ALLOWED ?? 'shell,container,duckdb_files',
  };
}

async function answersReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/api/ready`, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
