/** Loops on real Postgres: counted exactly once, whoever races whom. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startTestPostgres, waitFor, type TestPostgres } from '@noetl/testkit';
import {
  claimCommand,
  eventsByPage,
  isStorable,
  listEvents,
  readItems,
  stepResult,
  withExecution,
} from './index.ts';
import { LoopFixture, row, rowsOf } from './loop-fixture.ts';

const LEASE_MS = 60_000;

let postgres: TestPostgres;
let loops: LoopFixture;

beforeAll(async () => {
  postgres = await startTestPostgres();
  loops = await LoopFixture.connect(postgres.url);
});

afterAll(async () => {
  await loops.store.close();
  await postgres.stop();
});

describe('finishing', () => {
  beforeEach(async () => {
    await loops.open(100, { window: 2, chunk: 10 });
  });

  test('the window is filled first, and every finish issues what fits into it', async () => {
    expect((await loops.commands()).map((chunk) => [chunk.from_index, chunk.to_index])).toEqual([
      [0, 10],
      [10, 20],
    ]);
    const [first] = await loops.commands();
    const done = await loops.finish(first?.command_id ?? '', {
      rows: rowsOf(0, 10),
      window: 3,
      chunk_size: 25,
    });
    expect(done).toMatchObject({ committed: true, completed: 10, filled: false });
    expect((await loops.commands()).map((chunk) => [chunk.from_index, chunk.to_index])).toEqual([
      [10, 20],
      // Eighty are left for three: smaller chunks, so that all end together.
      [20, 34],
      [34, 48],
    ]);
  });

  test('of two that finish one chunk, one commits', async () => {
    const [first] = await loops.commands();
    const both = await Promise.all(
      [1, 2].map(() => loops.finish(first?.command_id ?? '', { rows: rowsOf(0, 10) })),
    );
    expect(both.filter((outcome) => outcome.committed)).toHaveLength(1);
    expect(await loops.row()).toMatchObject({ completed: 10, open_chunks: 2 });
  });

  test('neither the lock of the execution nor its end waits for a chunk that is being finished', async () => {
    const [first, second] = await loops.commands();
    await withExecution(loops.store, loops.loop.execution_id, async () => {
      const done = await loops.finish(first?.command_id ?? '', { rows: rowsOf(0, 10) });
      expect(done).toMatchObject({ committed: true, issued: [{ from_index: 20 }] });
    });
    const client = await loops.store.pool.connect();
    await client.query('BEGIN');
    await client.query(
      "UPDATE noetl.command SET state = 'done' WHERE execution_id = $1 AND command_id = $2",
      [loops.loop.execution_id, second?.command_id],
    );
    await loops.cancel();
    expect(await loops.row()).toMatchObject({ state: 'stopping', open_chunks: 1 });
    await client.query('ROLLBACK');
    client.release();
    const claim = { ...loops.loop, command_id: second?.command_id ?? '', worker_id: 'w', lease_ms: LEASE_MS };
    expect(await claimCommand(loops.store, claim)).toMatchObject({ kind: 'gone' });
    expect(await loops.row()).toMatchObject({ state: 'filled', open_chunks: 0 });
  });

  test('what was not started is handed back as chunks', async () => {
    const [first] = await loops.commands();
    await loops.finish(first?.command_id ?? '', { rows: rowsOf(0, 4), remaining: [[4, 10]], window: 2 });
    expect((await loops.commands()).map((chunk) => [chunk.from_index, chunk.to_index])).toEqual([
      [4, 10],
      [10, 20],
    ]);
  });

  test('a range that is handed back is shared out to those who would have nothing to do', async () => {
    await loops.open(100, { window: 1, chunk: 100 });
    const [only] = await loops.commands();
    const handBack = { rows: rowsOf(0, 4), remaining: [[4, 100]] as [number, number][], window: 4 };
    await loops.finish(only?.command_id ?? '', { ...handBack, chunk_size: 12 });
    expect((await loops.commands()).map((chunk) => [chunk.from_index, chunk.to_index])).toEqual([
      [4, 28],
      [28, 52],
      [52, 76],
      [76, 100],
    ]);
    expect(await loops.row()).toMatchObject({ open_chunks: 4, next_index: 100 });
  });

  test('eight workers at once: every index once, and the count exact', async () => {
    await loops.open(2_000, { window: 16, chunk: 7 });
    await Promise.all(Array.from({ length: 8 }, (_, worker) => loops.drain(`w${String(worker)}`)));
    const { rows } = await loops.store.pool.query<{ n: number; distinct: number }>(
      'SELECT count(*)::int AS n, count(DISTINCT current_index)::int AS distinct FROM noetl.event WHERE execution_id = $1 AND loop_name IS NOT NULL',
      [loops.loop.execution_id],
    );
    expect(rows).toEqual([{ n: 2_000, distinct: 2_000 }]);
    expect(await loops.row()).toMatchObject({
      completed: 2_000,
      open_chunks: 0,
      next_index: 2_000,
      state: 'filled',
    });
  });

  test("the seed's query gives every row in order", async () => {
    await loops.drain('w');
    const { rows } = await loops.store.pool.query<{
      current_index: number;
      result: unknown;
    }>(`SELECT event_type, node_name, result, loop_name, current_index
FROM noetl.event
WHERE execution_id = ${loops.loop.execution_id}
  AND loop_name = 'process_items'
  AND event_type = 'step.exit'
ORDER BY current_index;`);
    expect(rows.map((item) => [item.current_index, item.result])).toEqual(
      Array.from({ length: 100 }, (_, i) => [i, { i }]),
    );
  });

  test.each([
    ['tabs, newlines and backslashes', 'a\tb\nc\\d\r"\'\\N \u{1F600} é'],
    ['what looks like the end of COPY', '\\.\n\\.'],
  ])('%s come back as they went in', async (_, text) => {
    const [first] = await loops.commands();
    const rows = rowsOf(0, 10);
    rows[3] = row(3, {
      result_text: JSON.stringify({ text }),
      item_text: text,
      error: text,
      status: 'FAILED',
    });
    await loops.finish(first?.command_id ?? '', { rows });
    const stored = await loops.store.pool.query<{
      result: { text: string };
      current_item: string;
      error: string;
    }>('SELECT result, current_item, error FROM noetl.event WHERE execution_id = $1 AND current_index = 3', [
      loops.loop.execution_id,
    ]);
    expect(stored.rows[0]).toEqual({ result: { text }, current_item: text, error: text });
  });

  test('a result that Postgres refuses changes nothing, and is found', async () => {
    const [first] = await loops.commands();
    const bad = row(1, { result_text: '{"a":"\\u0000"}' });
    await expect(loops.finish(first?.command_id ?? '', { rows: [row(0), bad] })).rejects.toMatchObject({
      code: 'RESULT_NOT_STORABLE',
    });
    expect(await loops.row()).toMatchObject({ completed: 0, open_chunks: 2 });
    expect([await isStorable(loops.store, row(0)), await isStorable(loops.store, bad)]).toEqual([
      true,
      false,
    ]);
  });

  test('results that are bytes of one buffer are stored; what is no UTF-8 is refused, and found', async () => {
    const [first] = await loops.commands();
    const shared = Buffer.concat([
      Buffer.from('{"text":"é\u{1F600}"}\n[1]\n'),
      Buffer.from('"\xff"', 'latin1'),
    ]);
    const end = shared.length;
    const slices = [
      [0, end - 8],
      [end - 7, end - 4],
      [end - 3, end],
    ].map(([from = 0, to = 0]) => ({ bytes: shared, from, to }));
    const [good, list, bad] = slices.map((result_text, index) => row(index, { result_text }));
    if (!good || !list || !bad) throw new Error('three rows');
    await expect(loops.finish(first?.command_id ?? '', { rows: [good, list, bad] })).rejects.toMatchObject({
      code: 'RESULT_NOT_STORABLE',
    });
    expect(await Promise.all([good, list, bad].map((of) => isStorable(loops.store, of)))).toEqual([
      true,
      true,
      false,
    ]);
    await loops.finish(first?.command_id ?? '', { rows: [good, list, ...rowsOf(2, 10)] });
    const { rows } = await loops.store.pool.query<{ result: unknown }>(
      'SELECT result FROM noetl.event WHERE execution_id = $1 AND current_index < 2 ORDER BY current_index',
      [loops.loop.execution_id],
    );
    expect(rows.map(({ result }) => result)).toEqual([{ text: 'é\u{1F600}' }, [1]]);
  });

  test('the number of events of an execution is that of its rows', async () => {
    const { execution_id } = loops.loop;
    const counted = async (): Promise<[told: number, stored: number]> => {
      const { total } = await eventsByPage(loops.store, execution_id, { offset: 0, limit: 1 });
      const { rows } = await loops.store.pool.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM noetl.event WHERE execution_id = $1',
        [execution_id],
      );
      return [total, rows[0]?.n ?? -1];
    };
    const [before] = await counted();
    const [first] = await loops.commands();
    await loops.finish(first?.command_id ?? '', { rows: rowsOf(0, 10) });
    expect(await counted()).toEqual([before + 10, before + 10]);
  });

  test('a failure that stops the loop drops what is pending; the last one out fills it', async () => {
    const [first, second] = await loops.commands();
    await claimCommand(loops.store, {
      ...loops.loop,
      command_id: second?.command_id ?? '',
      worker_id: 'other',
      lease_ms: LEASE_MS,
    });
    const rows = [...rowsOf(0, 4), row(4, { status: 'FAILED', result_text: '{"status":"error"}' })];
    expect(
      await loops.finish(first?.command_id ?? '', { rows, remaining: [[5, 10]], stop: true }),
    ).toMatchObject({
      committed: true,
      filled: false,
      issued: [],
    });
    expect(await loops.finish(second?.command_id ?? '', { rows: rowsOf(10, 20) })).toMatchObject({
      filled: true,
      completed: 15,
    });
    expect(await loops.close()).toBe(true);
    const [done] = await listEvents(loops.store, loops.loop.execution_id, { limit: 1, order: 'desc' });
    expect(done).toMatchObject({
      event_type: 'loop.done',
      result: { stats: { total: 100, success: 14, failed: 1, not_started: 85 } },
    });
  });

  test('what iterations write is merged in order of commit and told once, before the loop is done', async () => {
    const [first, second] = await loops.commands();
    await loops.finish(first?.command_id ?? '', { rows: rowsOf(0, 10), ctx: { a: 1, b: 1 } });
    await loops.finish(second?.command_id ?? '', { rows: rowsOf(10, 20), ctx: { b: 2 } });
    await loops.drain('w');
    await loops.close();
    const events = await listEvents(loops.store, loops.loop.execution_id, { limit: 10, order: 'asc' });
    expect(events.map((event) => [event.event_type, event.loop_name])).toEqual([
      ['ctx.updated', null],
      ['loop.done', null],
    ]);
    expect(events[0]?.result).toEqual({ a: 1, b: 2 });
  });
});

describe('closing', () => {
  test('of eight aggregators one closes, and only once', async () => {
    await loops.open(30, { window: 4, chunk: 10 });
    await loops.drain('w');
    const all = await Promise.all(Array.from({ length: 8 }, () => loops.close()));
    expect(all.filter(Boolean)).toHaveLength(1);
    expect(
      (await listEvents(loops.store, loops.loop.execution_id, { limit: 10, order: 'asc' })).map(
        (event) => event.event_type,
      ),
    ).toEqual(['loop.done']);
  });

  test('never before the last row', async () => {
    await loops.open(30, { window: 4, chunk: 10 });
    expect(await loops.close()).toBe(false);
    await loops.drain('w');
    await loops.store.pool.query('DELETE FROM noetl.event WHERE execution_id = $1 AND current_index = 7', [
      loops.loop.execution_id,
    ]);
    expect(await loops.close()).toBe(false);
  });

  test('small results are inline, large ones a reference that reads by page', async () => {
    await loops.open(30, { window: 4, chunk: 10 });
    await loops.drain('w');
    await loops.close();
    expect(await stepResult(loops.store, loops.loop.execution_id, 'process_items')).toMatchObject({
      results: Array.from({ length: 30 }, (_, i) => ({ i })),
    });
    await loops.open(30, { window: 4, chunk: 10 });
    await loops.drain('w');
    await loops.close(10, Date.now());
    const ref = `noetl://${loops.loop.execution_id}/loop/${loops.loop.loop_id}`;
    expect(await stepResult(loops.store, loops.loop.execution_id, 'process_items')).toMatchObject({
      results: { _ref: { ref, count: 30 } },
    });
    expect(await readItems(loops.store, ref, 28, 99)).toEqual(['{"i": 28}', '{"i": 29}']);
  });

  test('ids stay behind the iterations though the clock is an hour slow', async () => {
    await loops.open(30, { window: 4, chunk: 10 });
    await loops.drain('w');
    await loops.close(10, Date.now() - 3_600_000);
    const [done] = await listEvents(loops.store, loops.loop.execution_id, {
      limit: 1,
      order: 'desc',
      iterations: true,
    });
    expect(done?.event_type).toBe('loop.done');
  });
});

describe('the end of the execution fills its loops', () => {
  test('when a chunk of one waits for a child', async () => {
    await loops.open(20, { window: 2, chunk: 10 });
    const [first] = await loops.commands();
    await loops.store.pool.query(
      `UPDATE noetl.command SET state = 'waiting', progress = '{}' WHERE execution_id = $1 AND command_id = $2`,
      [loops.loop.execution_id, first?.command_id],
    );
    await loops.cancel();
    expect(await loops.row()).toMatchObject({ state: 'filled', open_chunks: 0 });
  });

  test('when one was stopped while another chunk issued its successors', async () => {
    await loops.open(40, { window: 2, chunk: 10 });
    const [first, second] = await loops.commands();
    const { pool } = loops.store;
    const client = await pool.connect();
    const waiting = (count: number): Promise<boolean> =>
      waitFor(
        async () => {
          const { rows } = await pool.query<{ count: number }>(
            `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          );
          return (rows[0]?.count ?? 0) >= count;
        },
        { what: 'finishes that wait for the loop', timeoutMs: 10_000 },
      );
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM noetl.loop WHERE execution_id = $1 FOR UPDATE', [
      loops.loop.execution_id,
    ]);
    const issuing = loops.finish(first?.command_id ?? '', { rows: rowsOf(0, 10) });
    await waiting(1);
    const stopping = loops.finish(second?.command_id ?? '', { rows: rowsOf(10, 20), stop: true });
    await waiting(2);
    await client.query('COMMIT');
    client.release();
    await Promise.all([issuing, stopping]);
    // The successor was issued after the stop had begun to look, so it was not dropped.
    expect(await loops.row()).toMatchObject({ state: 'stopping', open_chunks: 1 });
    await loops.cancel();
    expect(await loops.row()).toMatchObject({ state: 'filled', open_chunks: 0 });
  });
});

test.each([20, 40])('more failures than are tolerated fail a loop of %i, at its end too', async (size) => {
  await loops.open(size, { window: 2, chunk: 10, on_error: 'continue', tolerated: { count: 1 } });
  const failing = {
    status: 'FAILED' as const,
    error: 'no',
    result_text: '{"error":{"code":"X","message":"no"}}',
  };
  for (const { command_id, from_index, to_index } of await loops.commands()) {
    const rows = rowsOf(from_index, to_index).map((each) => ({ ...each, ...failing }));
    await loops.finish(command_id, {
      rows: from_index === 10 ? rows : rowsOf(from_index, to_index),
      window: 2,
    });
  }
  for (const { command_id } of await loops.commands()) await loops.finish(command_id);
  expect(await loops.close()).toBe(true);
  const [done] = await listEvents(loops.store, loops.loop.execution_id, {
    limit: 1,
    order: 'desc',
    types: ['loop.done'],
  });
  expect(done).toMatchObject({ status: 'FAILED', result: { stats: { total: size, failed: 10 } } });
});
