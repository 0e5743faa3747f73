/**
 * Our own nats-server with JetStream for development, demo and tests: loopback only, files in a folder of ours, and a
 * user for each kind of process that may do what that kind needs.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { privateFolder } from './account.ts';
import { Child, commandOf, isAlive } from './child.ts';
import { NATS_ADMIN, natsUsers } from './nats-users.ts';
import { type NatsProgram, natsProgram } from './nats-program.ts';
import { freePort } from './port.ts';

export interface LocalNatsOptions {
  /** Folder for streams, configuration and log. An existing one is started again with what it holds. */
  dir: string;
  /** Loopback port for clients; a free one when absent. */
  port?: number;
  /** Where a downloaded nats-server is kept; `dir` when absent. */
  toolDir?: string;
  /** Hears of what takes long. */
  log?: (message: string) => void;
  /** Anybody may do anything: a server that stands for one of the user's own. */
  open?: boolean;
  /** Pools that workers may run commands of; `default` when absent. */
  pools?: readonly string[];
}

export interface LocalNats {
  /** With the name and password of the user that may do everything; without any when the server is open. */
  url: string;
  /** HTTP monitoring (`/varz`, `/jsz`), loopback only. */
  monitorUrl: string;
  port: number;
  pid: number;
  logFile: string;
  /** Ends in order: JetStream state is flushed. */
  stop: () => Promise<void>;
  /** `kill -9`. */
  kill: () => Promise<void>;
  /** Stops and deletes streams and log. */
  remove: () => Promise<void>;
}

const READY_WITHIN_MS = 15_000;
const POLL_MS = 10;

/** Starts nats-server in `dir`; resolves when JetStream is ready for clients. */
export async function startLocalNats(options: LocalNatsOptions): Promise<LocalNats> {
  const { dir } = options;
  await privateFolder(dir);
  const program = await natsProgram(options.toolDir ?? dir, options.log);
  await stopLeftover(dir);
  const password = options.open === true ? undefined : await adminPassword(dir);
  const users = password === undefined ? '' : await natsUsers(password, options.pools ?? ['default']);
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const port = options.port ?? (await freePort());
    const monitorPort = await freePort();
    const child = await startServer(dir, program, configuration(program, dir, { port, monitorPort, users }));
    const monitorUrl = `http://127.0.0.1:${String(monitorPort)}`;
    if (await healthy(child, monitorUrl, deadline)) return handle(child, port, monitorUrl, dir, password);
    const reason = child.logTail();
    await child.stop('SIGTERM', 'SIGKILL', 2000);
    // A port of ours may be, for a moment, that of somebody's outgoing connection.
    const portTaken = reason.includes('address already in use');
    if (!portTaken || Date.now() > deadline)
      throw new Error(`nats-server did not start in ${dir}:\n${reason}`);
    await pause(POLL_MS);
  }
}

/** Ends a server that an earlier process of ours left running on this folder. */
async function stopLeftover(dir: string): Promise<void> {
  const file = join(dir, 'nats.pid');
  if (!existsSync(file)) return;
  const pid = Number(await readFile(file, 'utf8'));
  if (!(pid > 0) || !isAlive(pid) || commandOf(pid)?.includes(join(dir, 'nats.conf')) !== true) return;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + READY_WITHIN_MS;
  while (isAlive(pid) && Date.now() < deadline) await pause(POLL_MS);
}

/** Made once for a folder, readable by its owner only. */
async function adminPassword(dir: string): Promise<string> {
  const file = join(dir, 'password');
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return known;
  const made = randomBytes(24).toString('base64url');
  await writeFile(file, made, { mode: 0o600 });
  return made;
}

async function startServer(dir: string, program: NatsProgram, text: string): Promise<Child> {
  const file = join(dir, 'nats.conf');
  await writeFile(file, text, { mode: 0o600 });
  const child = await Child.start({
    command: program.path,
    args: ['-c', file],
    logFile: join(dir, 'nats.log'),
  });
  await writeFile(join(dir, 'nats.pid'), String(child.pid));
  return child;
}

/** The server's configuration file. */
export function configuration(
  program: NatsProgram,
  dir: string,
  { port, monitorPort, users }: { port: number; monitorPort: number; users: string },
): string {
  const { major, minor } = program.version;
  // fsync before each acknowledgement exists from 2.10 on. Without it a power cut may lose acknowledged messages,
  // which the sweepers bring back from Postgres.
  const sync = major > 2 || minor >= 10 ? '\n  sync_interval: always' : '';
  return `# Written at each start; changes are lost.
host: "127.0.0.1"
port: ${String(port)}
http: "127.0.0.1:${String(monitorPort)}"
max_payload: 1MB
jetstream {
  store_dir: ${JSON.stringify(join(dir, 'jetstream'))}
  max_file_store: 8GB
  max_memory_store: 256MB${sync}
}
${users}`;
}

async function healthy(child: Child, monitorUrl: string, deadline: number): Promise<boolean> {
  while (child.running && Date.now() < deadline) {
    try {
      const response = await fetch(`${monitorUrl}/healthz`, { signal: AbortSignal.timeout(2000) });
      await response.arrayBuffer();
      if (response.ok) return true;
    } catch {
      // Not listening yet.
    }
    await pause(POLL_MS);
  }
  return false;
}

function handle(
  child: Child,
  port: number,
  monitorUrl: string,
  dir: string,
  password: string | undefined,
): LocalNats {
  const login = password === undefined ? '' : `${NATS_ADMIN}:${password}@`;
  const stop = () => child.stop('SIGTERM', 'SIGKILL', 10_000);
  return {
    url: `nats://${login}127.0.0.1:${String(port)}`,
    monitorUrl,
    port,
    pid: child.pid,
    logFile: join(dir, 'nats.log'),
    stop,
    kill: () => child.stop('SIGKILL', 'SIGKILL', 1000),
    remove: async () => {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
