/** Cursor loops on a real table: rows claimed in frames by several workers, each processed, none lost to a kill. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  platform = await startPlatform({ workers: 2, env: { NOETL_LEASE_MS: '8000', NOETL_HEARTBEAT_MS: '1000' } });
  ring = await RingClient.connect(platform);
  const { hostname, port, username, password, pathname } = new URL(platform.databaseUrl);
  await ring.post('/api/credentials', {
    name: 'queue',
    type: 'postgres',
    data: {
      db_host: hostname,
      db_port: port,
      db_user: username,
      db_password: decodeURIComponent(password),
      db_name: pathname.slice(1),
    },
  });
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

/** A work queue as authors write them: a claim has a time, shorter than a lease, and is open again when that has passed. */
async function fill(table: string, rows: number): Promise<void> {
  await ring.sql(
    `CREATE TABLE public.${table} (id int PRIMARY KEY, claimed_at timestamptz, done int NOT NULL DEFAULT 0)`,
  );
  await ring.sql(`INSERT INTO public.${table} (id) SELECT generate_series(1, ${String(rows)})`);
}

const claim = (table: string): string => `
  UPDATE public.${table} SET claimed_at = now() WHERE id IN (
    SELECT id FROM public.${table}
    WHERE done = 0 AND (claimed_at IS NULL OR claimed_at < now() - interval '4 seconds')
    ORDER BY id LIMIT {{ __frame_max_rows }} FOR UPDATE SKIP LOCKED)
  RETURNING id`;

function document(path: string, loop: object, tool: unknown): string {
  const step = { step: 'start', loop, tool };
  const metadata = { name: 'x', path };
  return JSON.stringify({ apiVersion: 'noetl.io/v2', kind: 'Playbook', metadata, workflow: [step] });
}

const cursor = (table: string): object => ({ kind: 'postgres', auth: 'queue', claim: claim(table) });

describe('cursor loops', () => {
  test('every row once, in frames, over two workers', async () => {
    await fill('q1', 500);
    const frame = { max_rows: 20, row_concurrency: 4 };
    const loop = { cursor: cursor('q1'), iterator: 'row', spec: { mode: 'cursor', max_in_flight: 4, frame } };
    const query = 'UPDATE public.q1 SET done = done + 1 WHERE id = {{ iter.row.id }} RETURNING id';
    const path = await ring.register(
      document('cursor/rows', loop, { kind: 'postgres', auth: 'queue', query }),
    );
    const { status, execution_id } = await ring.run(path);
    expect(status).toBe('COMPLETED');
    const [done] = await ring.sql(
      'SELECT count(*)::int AS rows, max(done) AS most FROM public.q1 WHERE done > 0',
    );
    expect(done).toEqual({ rows: 500, most: 1 });
    const value = await ring.stepResult(execution_id, 'start');
    expect(value).toBeNull();
    const [end] = await ring.events(execution_id, 'loop.done');
    expect(end?.result?.['stats']).toMatchObject({ total: 500, success: 500, failed: 0, not_started: 0 });
    expect(await ring.loopState(execution_id, 'start')).toMatchObject({
      collection_size: 500,
      completed_count: 500,
    });
  });

  test('with process: frame the item is the list of rows', async () => {
    await fill('q2', 45);
    const frame = { max_rows: 10, process: 'frame' };
    const loop = {
      cursor: cursor('q2'),
      iterator: 'rows',
      spec: { mode: 'cursor', max_in_flight: 2, frame },
    };
    const query = `UPDATE public.q2 SET done = 1 WHERE id IN ({{ iter.rows | map(attribute="id") | join(",") }})`;
    const { status, result } = await ring.run(
      await ring.register(document('cursor/frames', loop, { kind: 'postgres', auth: 'queue', query })),
    );
    expect(status).toBe('COMPLETED');
    const { results } = result as { results: { row_count: number }[] };
    expect(results.map((item) => item.row_count).sort()).toEqual([10, 10, 10, 10, 5]);
  });

  test('nothing to claim is an empty loop', async () => {
    await fill('q3', 0);
    const loop = { cursor: cursor('q3'), iterator: 'row', spec: { mode: 'cursor' } };
    const { status, result } = await ring.run(
      await ring.register(document('cursor/empty', loop, { kind: 'noop' })),
    );
    expect(status).toBe('COMPLETED');
    expect(result).toMatchObject({ results: [], stats: { total: 0 } });
  });

  test('a claim that is wrong fails the loop and says why', async () => {
    const broken = { kind: 'postgres', auth: 'queue', claim: 'SELECT * FROM no_such_table' };
    const loop = { cursor: broken, iterator: 'row', spec: { mode: 'cursor' } };
    const { status, error } = await ring.run(
      await ring.register(document('cursor/broken', loop, { kind: 'noop' })),
    );
    expect(status).toBe('FAILED');
    expect(error).toContain('no_such_table');
  });

  test('a worker killed in the middle loses no row', async () => {
    await fill('q4', 200);
    const loop = {
      cursor: cursor('q4'),
      iterator: 'row',
      spec: { mode: 'cursor', max_in_flight: 4, frame: { max_rows: 10 } },
    };
    const query = 'SELECT pg_sleep(0.01); UPDATE public.q4 SET done = done + 1 WHERE id = {{ iter.row.id }}';
    const path = await ring.register(
      document('cursor/killed', loop, { kind: 'postgres', auth: 'queue', query }),
    );
    const id = await ring.execute(path);
    await waitFor(async () => (await ring.sql('SELECT 1 FROM public.q4 WHERE done > 0 LIMIT 1')).length > 0, {
      what: 'the first row',
    });
    await platform.kill('worker-1');
    expect((await ring.ended(id)).status).toBe('COMPLETED');
    const [left] = await ring.sql<{ rows: number }>(
      'SELECT count(*)::int AS rows FROM public.q4 WHERE done = 0',
    );
    expect(left?.rows).toBe(0);
    const [counted] = await ring.sql<{ rows: number; size: number }>(
      `SELECT count(*)::int AS rows, (SELECT size FROM noetl.loop WHERE execution_id = $1) AS size
       FROM noetl.event WHERE execution_id = $1 AND loop_name = 'start' AND event_type = 'step.exit'`,
      [id],
    );
    expect(counted?.rows).toBe(counted?.size);
  });
});
