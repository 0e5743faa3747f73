/** The service of a peer: ours, throwaway, on free loopback ports. Nothing of it is left when it has stopped. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Child, freePort, startLocalPostgres } from '@noetl/cli/local';
import type { ServiceKind } from './peer.ts';
import { redisProgram } from './redis-program.ts';

export interface Service {
  url: string;
  adminUrl: string;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 30_000;
const POLL_MS = 20;
const GRACE_MS = 5000;

/** `dir` is for the service's data, `folder` has the peer's packages. */
export function startService(kind: ServiceKind, dir: string, folder: string): Promise<Service> {
  switch (kind) {
    case 'redis':
      return startRedis(dir);
    case 'postgres':
      return startPostgres(dir);
    case 'restate':
      return startRestate(dir, folder);
  }
}

/** The same server and settings as NoETL's own measurements: fsync on. */
async function startPostgres(dir: string): Promise<Service> {
  const server = await startLocalPostgres({ dir: join(dir, 'postgres') });
  return { url: server.url, adminUrl: '', stop: server.remove };
}

/** As BullMQ's documentation asks of production: append-only file, nothing evicted (docs.bullmq.io/guide/going-to-production). */
async function startRedis(dir: string): Promise<Service> {
  const { command, env } = await redisProgram();
  const port = await freePort();
  const settings = {
    bind: '127.0.0.1',
    port: String(port),
    dir,
    save: '',
    appendonly: 'yes',
    'maxmemory-policy': 'noeviction',
  };
  const child = await Child.start({
    command,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    logFile: join(dir, 'redis.log'),
    env,
  });
  await ready(child, () => /Ready to accept connections/.test(child.logTail()));
  return {
    url: `redis://127.0.0.1:${port}`,
    adminUrl: '',
    stop: () => child.stop('SIGTERM', 'SIGKILL', GRACE_MS),
  };
}

/** Its defaults, but for addresses and telemetry. The program itself, because npm's wrapper outlives a signal. */
async function startRestate(dir: string, folder: string): Promise<Service> {
  const platform = `${process.platform}-${process.arch}`;
  const [port, ingress, admin] = [await freePort(), await freePort(), await freePort()];
  const child = await Child.start({
    command: join(
      folder,
      'node_modules',
      '@restatedev',
      `restate-server-${platform}`,
      'bin',
      'restate-server',
    ),
    args: ['--no-logo', '--listen-mode', 'tcp', '--base-dir', dir],
    logFile: join(dir, 'restate.log'),
    env: {
      PATH: process.env.PATH,
      DO_NOT_TRACK: '1',
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_BIND_ADDRESS: `127.0.0.1:${port}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${port}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    },
  });
  const [url, adminUrl] = [`http://127.0.0.1:${ingress}`, `http://127.0.0.1:${admin}`];
  await ready(child, async () => (await healthy(`${adminUrl}/health`)) && healthy(`${url}/restate/health`));
  return { url, adminUrl, stop: () => child.stop('SIGTERM', 'SIGKILL', GRACE_MS) };
}

async function healthy(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

async function ready(child: Child, isReady: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await isReady())) {
    if (!child.running || Date.now() > deadline) {
      const reason = child.logTail();
      await child.stop('SIGTERM', 'SIGKILL', GRACE_MS);
      throw new Error(`does not start: ${reason}`);
    }
    await pause(POLL_MS);
  }
}
