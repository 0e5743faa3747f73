/** Our own PostgreSQL survives kill -9, keeps its data, and never runs twice on one folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { isAlive } from './child.ts';
import { type LocalPostgres, startLocalPostgres } from './postgres.ts';

let dir: string;
let server: LocalPostgres | undefined;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'noetl-local-'));
});

afterAll(async () => {
  await server?.remove();
  await rm(dir, { recursive: true, force: true });
});

test('committed data is there after kill -9 and a start on the same folder', async () => {
  const first = await startLocalPostgres({ dir: join(dir, 'pg') });
  await query(first.url, 'CREATE TABLE kept (id int)');
  await query(first.url, 'INSERT INTO kept SELECT generate_series(1, 1000)');
  await first.kill();
  expect(isAlive(first.pid)).toBe(false);

  const second = await startLocalPostgres({ dir: join(dir, 'pg') });
  expect(await query(second.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1000 }]);

  // A start on a folder whose server was left running takes it over instead of failing.
  server = await startLocalPostgres({ dir: join(dir, 'pg'), port: second.port });
  expect(isAlive(second.pid)).toBe(false);
  expect(server.port).toBe(second.port);
  expect(await query(server.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1000 }]);
});

test('it listens on the loopback interface only, asks for the password and keeps fsync on', async () => {
  if (server === undefined) throw new Error('the first test did not leave a server');
  const [settings] = await query(
    server.url,
    `SELECT current_setting('listen_addresses') AS listen, current_setting('fsync') AS fsync,
            current_setting('synchronous_commit') AS commit`,
  );
  expect(settings).toEqual({ listen: '127.0.0.1', fsync: 'on', commit: 'on' });
  await expect(query(server.url.replace(/:[^:@]*@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/password/);
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
