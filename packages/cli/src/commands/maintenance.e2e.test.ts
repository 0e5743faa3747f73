/** `noetl maintenance` as a process: looked at first, killed in the middle, held up by others, then done. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestNats, startTestPostgres, waitFor, type TestNats, type TestPostgres } from '@noetl/testkit';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

let postgres: TestPostgres;
let nats: TestNats;
let pool: pg.Pool;

beforeAll(async () => {
  postgres = await startTestPostgres();
  nats = await startTestNats();
  pool = new pg.Pool({ connectionString: postgres.url, max: 3 });
  pool.on('error', () => undefined);
  await pool.query(`
    INSERT INTO noetl.catalog (catalog_id, path, version, kind, content, content_hash)
      VALUES (1, 'p', 1, 'Playbook', 'x', 'x');
    INSERT INTO noetl.execution (execution_id, catalog_id, path, version, status, payload, end_time)
      SELECT id, 1, 'p', 1, 'COMPLETED', '{}', now() - interval '40 days' FROM unnest(ARRAY[1000, 1001]) AS id;
    INSERT INTO noetl.event (execution_id, event_id, event_type, node_name, status)
      SELECT 1000, n, 'step.exit', 's', 'COMPLETED' FROM generate_series(1, 10) AS n;
    INSERT INTO noetl.value (execution_id, value_id, content) VALUES (1000, 1, '{}'), (1001, 1, '{}');`);
});

afterAll(async () => {
  await pool.end();
  await nats.stop();
  await postgres.stop();
});

function start(args: string[]): ChildProcess {
  const { NODE_OPTIONS: _, ...rest } = process.env;
  const env = { ...rest, DATABASE_URL: postgres.url, NATS_URL: nats.url, NOETL_LOG_LEVEL: 'error' };
  return spawn(process.execPath, [main, 'maintenance', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function maintenance(...args: string[]): Promise<{ code: unknown; report: Record<string, unknown> }> {
  const child = start(['--json', ...args]);
  let out = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  const [code] = (await once(child, 'close')) as [unknown];
  return { code, report: JSON.parse(out) as Record<string, unknown> };
}

const rows = async (): Promise<unknown> =>
  (
    await pool.query(`SELECT (SELECT count(*)::int FROM noetl.execution) AS executions,
      (SELECT count(*)::int FROM noetl.value) AS values, (SELECT count(*)::int FROM noetl.event) AS events`)
  ).rows[0];

test('a look, a kill, a round that is held up, and one that ends it', async () => {
  const would = { dry_run: true, retention_days: 30, executions_expired: 2 };
  const all = { executions: 2, values: 2, events: 10 };
  expect(await maintenance('--dry-run', '--days', '30')).toMatchObject({
    code: 0,
    report: { ...would, rows_deleted: { event: 10, value: 2, execution: 2 }, complete: true },
  });
  expect(await rows()).toEqual(all);
  expect(await maintenance()).toMatchObject({ code: 0, report: { retention_days: null, rows_deleted: {} } });
  expect(await rows()).toEqual(all);

  const holder = await pool.connect();
  await holder.query('BEGIN; SELECT 1 FROM noetl.value FOR UPDATE');
  const killed = start(['--days', '30']);
  await waitFor(
    async () => {
      const { rowCount } = await pool.query(
        `SELECT 1 FROM pg_stat_activity WHERE application_name = 'noetl-maintenance' AND wait_event_type = 'Lock'`,
      );
      return (rowCount ?? 0) > 0 && killed.kill('SIGKILL');
    },
    { what: 'the round to come to the values', everyMs: 5 },
  );
  await once(killed, 'close');
  expect(await rows()).toEqual({ ...all, events: 0 });
  const held = await maintenance('--days', '30');
  expect(held).toMatchObject({ code: 1, report: { complete: false, postponed: ['rows of executions'] } });
  await holder.query('ROLLBACK');
  holder.release();

  const done = await maintenance('--days', '30');
  expect(done).toMatchObject({
    code: 0,
    report: { rows_deleted: { value: 2, execution: 2 }, complete: true },
  });
  expect(await rows()).toEqual({ executions: 0, values: 0, events: 0 });
});

test('tells people what it has done', async () => {
  const child = start(['--dry-run']);
  let out = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text));
  await once(child, 'close');
  expect(out).toContain('| executions past their retention | 0');
  expect(out).toContain('NOETL_RETENTION_DAYS');
});
