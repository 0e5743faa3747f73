/** Our own nats-server: loopback only, JetStream on, restartable after kill -9; downloads are checked. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isAlive } from './child.ts';
import { configuration, type LocalNats, startLocalNats } from './nats.ts';
import { verify } from './nats-program.ts';

let dir: string;
const started: LocalNats[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'noetl-local-'));
});

afterAll(async () => {
  for (const server of started) await server.stop();
  await rm(dir, { recursive: true, force: true });
});

test('starts with JetStream on the loopback interface, also after kill -9 and on a folder left running', async () => {
  const first = await start();
  await first.kill();
  const second = await start();
  const third = await start();
  expect([isAlive(first.pid), isAlive(second.pid), isAlive(third.pid)]).toEqual([false, false, true]);
  const varz = (await (await fetch(`${third.monitorUrl}/varz`)).json()) as {
    host: string;
    jetstream: object;
  };
  expect(varz.host).toBe('127.0.0.1');
  expect(varz.jetstream).toHaveProperty('config.store_dir', join(dir, 'nats', 'jetstream', 'jetstream'));
});

describe('configuration', () => {
  test.each([
    ['2.9 does not know it', 9, false],
    ['2.10 does', 10, true],
  ])('fsync on every message: %s', (_, minor, expected) => {
    const program = { path: 'nats-server', version: { major: 2, minor, patch: 0 } };
    const text = configuration(program, '/d', { port: 1, monitorPort: 2, users: '' });
    expect(text.includes('sync_interval: always')).toBe(expected);
  });
});

test('a download with another checksum is refused', () => {
  const content = Buffer.from('release');
  const checksum = createHash('sha256').update(content).digest('hex');
  expect(() => verify(content, checksum, 'it')).not.toThrow();
  expect(() => verify(Buffer.from('tampered'), checksum, 'it')).toThrow(/not used/);
});

async function start(): Promise<LocalNats> {
  const server = await startLocalNats({ dir: join(dir, 'nats') });
  started.push(server);
  return server;
}
