/** What is open is counted in indexes of open rows: however long the history, no table is read from end to end. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestPostgres, type TestPostgres } from '@noetl/testkit';
import { connectStore, stuckExecutions, whyStuck, workload, type Store } from './index.ts';

const HISTORY = 20_000;

let postgres: TestPostgres;
let store: Store;

beforeAll(async () => {
  postgres = await startTestPostgres();
  const onError = (): void => undefined;
  store = connectStore({ url: postgres.url, maxConnections: 2, applicationName: 'test', onError });
  const history = `generate_series(1, ${String(HISTORY)}) AS n`;
  for (const statement of [
    `INSERT INTO noetl.catalog (catalog_id, path, version, kind, content, content_hash)
       VALUES (1, 'p', 1, 'Playbook', 'x', 'x')`,
    // The last three have not ended; the last is paused.
    `INSERT INTO noetl.execution (execution_id, catalog_id, path, version, status, payload, end_time, paused_at)
       SELECT n, 1, 'p', 1, 'RUNNING', '{}', CASE WHEN n <= ${String(HISTORY - 3)} THEN now() END,
         CASE WHEN n = ${String(HISTORY)} THEN now() END FROM ${history}`,
    `INSERT INTO noetl.loop (execution_id, loop_id, catalog_id, step, base_event_id, size, iterator, mode, on_error,
         collection, context, next_index, completed, failed, open_chunks, state)
       SELECT n, 5, 1, 's', 6, 1000, 'i', 'parallel', 'fail', '{}', '{}', 300, 200, 10, 2,
         CASE WHEN n <= ${String(HISTORY - 3)} THEN 'done' ELSE 'open' END FROM ${history}`,
    `INSERT INTO noetl.command (execution_id, command_id, catalog_id, lane, step, loop_id, from_index, to_index, state)
       SELECT n, c, 1, 'chunk', 's', 5, 200 + c * 50, 250 + c * 50,
         CASE WHEN n <= ${String(HISTORY - 3)} THEN 'done' WHEN c = 0 THEN 'leased' ELSE 'pending' END
       FROM ${history}, generate_series(0, 1) AS c`,
    'ANALYZE',
  ])
    await store.pool.query(statement);
});

afterAll(async () => {
  await store.close();
  await postgres.stop();
});

test('the counts are those of what is open', async () => {
  const { executions, commands, loops } = await workload(store);
  expect(executions).toEqual({ running: 2, paused: 1 });
  expect(commands.sort((a, b) => a.state.localeCompare(b.state))).toEqual([
    { lane: 'chunk', state: 'leased', count: 3 },
    { lane: 'chunk', state: 'pending', count: 3 },
  ]);
  // Of each loop 800 items are left, 50 of them run; the paused one waits for nobody. Chunks: 2 out, 14 to come.
  expect(loops).toEqual({
    loops: 3,
    completed: 3 * 190,
    failed: 3 * 10,
    running: 3 * 50,
    pending: 2 * 750,
    chunks_remaining: { default: 2 * 16 },
  });
});

test('no table of the history is read from end to end', async () => {
  const scans = await store.db.transaction().execute(async (db) => {
    const within = { ...store, db };
    await workload(within);
    const stuck = await stuckExecutions(within, { idle_ms: 0, limit: 100 });
    await whyStuck(
      within,
      stuck.map(({ execution_id }) => execution_id),
    );
    const { rows } = await sql<{ relname: string; scans: number; index_scans: number }>`
      SELECT relname, seq_scan::int AS scans, idx_scan::int AS index_scans FROM pg_stat_xact_user_tables
      WHERE schemaname = 'noetl' AND relname IN ('execution', 'loop', 'command') ORDER BY relname`.execute(
      db,
    );
    return rows;
  });
  expect(scans.map(({ relname, scans: read }) => [relname, read])).toEqual([
    ['command', 0],
    ['execution', 0],
    ['loop', 0],
  ]);
  for (const { index_scans } of scans) expect(index_scans).toBeGreaterThan(0);
});
