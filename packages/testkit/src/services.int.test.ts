/** The test services themselves: databases are apart, servers come back, nothing is left behind. */
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { startOwnPostgres, startTestNats, startTestPostgres, waitFor } from './index.ts';

test('every caller gets a database of its own, which is gone after stop', async () => {
  const [first, second] = await Promise.all([
    startTestPostgres({ empty: true }),
    startTestPostgres({ empty: true }),
  ]);
  await query(first.url, 'CREATE TABLE mine (id int)');
  expect(await query(second.url, "SELECT to_regclass('mine') AS found")).toEqual([{ found: null }]);
  await first.stop();
  await expect(query(first.url, 'SELECT 1')).rejects.toThrow(/does not exist/);
  await second.stop();
});

test('a database is a clone of the migrated template', async () => {
  const database = await startTestPostgres();
  const found = await query(database.url, "SELECT to_regclass('noetl.event') IS NOT NULL AS found");
  expect(found).toEqual([{ found: true }]);
  await database.stop();
});

test('a cluster of its own can be killed and comes back with its data on the same address', async () => {
  const server = await startOwnPostgres();
  await query(server.url, 'CREATE TABLE kept (id int)');
  await server.kill();
  const back = await server.again();
  expect(back.url).toBe(server.url);
  expect(await query(back.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 0 }]);
  await back.remove();
});

test('NATS comes back on the same address, with or without what it stored', async () => {
  const server = await startTestNats();
  const back = await server.again();
  const wiped = await back.again({ wiped: true });
  expect([back.url, wiped.url]).toEqual([server.url, server.url]);
  expect((await fetch(`${wiped.monitorUrl}/healthz`)).status).toBe(200);
  await wiped.stop();
});

test('waiting ends with what was seen, or says what never came', async () => {
  let looks = 0;
  expect(await waitFor(() => ++looks === 3 && 'seen', { what: 'the third look' })).toBe('seen');
  const failing = waitFor(() => Promise.reject(new Error('refused')), {
    what: 'a friendly answer',
    timeoutMs: 1,
  });
  await expect(failing).rejects.toThrow('waited 1 ms for a friendly answer; last error: refused');
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
