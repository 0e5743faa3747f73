/**
 * What attacks on the sandbox are aimed at: a worker with a secret in its environment, a file of secrets, a folder and
 * a process of somebody else, services on this machine. An attack is the code of a playbook; what it achieved is read
 * off these, and off all that was stored of its run.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPlatform, type TestPlatform } from '../../platform.ts';
import { RingClient } from '../../ring/client.ts';
import { waitFor } from '../../wait.ts';

export type Language = 'python' | 'javascript' | 'shell';

/** What code knows of its aims. */
export interface Targets {
  worker: number;
  /** Somebody else's process. */
  process: number;
  secretFile: string;
  /** A folder that every account may write to. */
  folder: string;
  port: number;
  postgresPort: number;
  natsPort: number;
  apiPort: number;
  socketFile: string;
  abstractSocket: string;
  /** A port that is free, and a number that no other process has on its command line. */
  freePort: number;
  mark: number;
  /** Reference of a list with a secret in it, that another execution stored. */
  listOfOthers: string;
}

/** A run of an attack, with everything of it that was stored. */
export interface Run {
  status: string;
  text: string;
}

export interface Stage {
  readonly platform: TestPlatform;
  readonly ring: RingClient;
  readonly canary: string;
  readonly targets: Targets;
  /** Connections to the services of the stage so far. */
  connections(): number;
  run(language: Language, code: string, items?: number): Promise<Run>;
  /** Starts an attack and does not wait for it. */
  start(language: Language, code: string): Promise<string>;
  ended(id: string): Promise<Run>;
  close(): Promise<void>;
}

/** Small, so that attacks on them end soon. */
export const LIMITS = {
  NOETL_RUNNER_MEMORY_MB: '384',
  NOETL_RUNNER_PROCESSES: '64',
  NOETL_RUNNER_CPU_SECONDS: '2',
  NOETL_RUNNER_ITEM_SECONDS: '10',
  NOETL_RUNNER_DISK_MB: '64',
};

const RUN_WITHIN_MS = 60_000;

/** `env`: how the worker is isolated. One runner of each language: playbooks take turns with it. */
export async function openStage(env: Record<string, string>): Promise<Stage> {
  const canary = `canary-${randomUUID()}`;
  const folder = await mkdtemp(join(tmpdir(), 'noetl-security-'));
  await chmod(folder, 0o755);
  await mkdir(join(folder, 'open'));
  await chmod(join(folder, 'open'), 0o777);
  await writeFile(join(folder, 'secrets'), canary, { mode: 0o644 });
  const other = spawn('sleep', ['86400'], { stdio: 'ignore' });
  const mark = 100_000_000 + Math.floor(Math.random() * 800_000_000);
  const services = await Promise.all([
    service('127.0.0.1'),
    service(join(folder, 'socket')),
    service(`\0${canary}`),
  ]);
  const platform = await startPlatform({
    workers: 1,
    // Code that reaches the api must find it open, or the attack would prove nothing.
    auth: 'off',
    env: { ...LIMITS, ...env, NOETL_RUNNERS: '1', NOETL_CANARY: canary },
  });
  await refuseWithoutWorker(platform);
  const ring = await RingClient.connect(platform);
  return {
    ...runs(ring),
    platform,
    ring,
    canary,
    targets: {
      worker: platform.processes.pid('worker-1'),
      process: other.pid ?? 0,
      secretFile: join(folder, 'secrets'),
      folder: join(folder, 'open'),
      port: portOf(services[0].server),
      postgresPort: Number(new URL(platform.databaseUrl).port),
      natsPort: Number(new URL(platform.natsUrl).port),
      apiPort: Number(new URL(platform.url).port),
      socketFile: join(folder, 'socket'),
      abstractSocket: canary,
      freePort: await freePort(),
      mark,
      listOfOthers: await listOfOthers(ring, canary),
    },
    connections: () => services.reduce((sum, { count }) => sum + count(), 0),
    close: async () => {
      await ring.close();
      await platform.stop();
      other.kill('SIGKILL');
      await Promise.all(services.map(({ close }) => close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A level that does not work here is no level that was tried. */
async function refuseWithoutWorker(platform: TestPlatform): Promise<void> {
  const registered = () => platform.log('worker-1').includes('isolation of code');
  const ended = () => !platform.processes.names.includes('worker-1');
  await waitFor(() => registered() || ended(), { what: 'the worker', timeoutMs: 60_000 });
  if (!ended()) return;
  const log = platform.log('worker-1').slice(-1_000);
  await platform.stop();
  throw new Error(
    `The sandbox cannot be attacked, because there is none on this machine. Install bubblewrap 0.5 or newer and allow user namespaces. The worker said: ${log}`,
  );
}

function runs(ring: RingClient): Pick<Stage, 'run' | 'start' | 'ended'> {
  const start = async (kind: Language, code: string, items?: number): Promise<string> => {
    const tool = kind === 'shell' ? { kind, cmd: code } : { kind, code };
    const loop =
      items === undefined ? {} : { loop: { in: `{{ range(${String(items)}) }}`, iterator: 'item' } };
    const args = items === undefined ? {} : { args: { item: '{{ iter.item }}' } };
    const metadata = { name: 'attack', path: `attacks/${randomUUID()}` };
    const workflow = [{ step: 'attack', ...loop, tool: { ...tool, ...args } }];
    const playbook = { apiVersion: 'noetl.io/v2', kind: 'Playbook', metadata, workflow };
    return ring.execute(await ring.register(JSON.stringify(playbook)));
  };
  const ended = async (id: string): Promise<Run> => {
    const { status } = await ring.ended(id, RUN_WITHIN_MS);
    const [row] = await ring.sql<{ text: string | null }>(
      `SELECT string_agg(concat_ws(' ', result, error, meta), ' ') AS text FROM noetl.event
       WHERE execution_id = $1 AND event_type IN ('step.exit', 'call.done', 'call.error', 'loop.done')`,
      [id],
    );
    return { status, text: row?.text ?? '' };
  };
  return { start, ended, run: async (kind, code, items) => ended(await start(kind, code, items)) };
}

/** Large enough to be stored by itself. */
async function listOfOthers(ring: RingClient, canary: string): Promise<string> {
  const { start, ended } = runs(ring);
  const code = `result = {"items": [{"secret": "${canary}", "padding": "x" * 100}] * 5000}`;
  const { status, text } = await ended(await start('python', code));
  const ref = /"ref": ?"([^"]+)"/.exec(text)?.[1];
  if (ref === undefined) throw new Error(`the stage stored no list: ${status} ${text.slice(0, 300)}`);
  return ref;
}

interface Service {
  server: Server;
  count: () => number;
  close: () => Promise<unknown>;
}

/** Whatever connects is counted, greeted and let go; at the end also who does not go. */
async function service(place: string): Promise<Service> {
  let count = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    count += 1;
    open.add(socket);
    socket.on('error', () => undefined).once('close', () => open.delete(socket));
    socket.end('hello');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (place === '127.0.0.1') server.listen(0, place, resolve);
    else server.listen(place, resolve);
  });
  if (place.startsWith('/')) await chmod(place, 0o777);
  const close = (): Promise<unknown> => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  return { server, count: () => count, close };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Whether something answers there. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
  });
}

/** Processes of this machine with a text on their command line. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
