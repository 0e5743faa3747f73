/** Redrives on real Postgres: what is chosen, and reads in which the newest row of each index counts. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { idSource, NoetlError, refOf, type LoopStats } from '@noetl/protocol';
import { startTestPostgres, type TestPostgres } from '@noetl/testkit';
import { LoopFixture, row } from './loop-fixture.ts';
import {
  chooseItems,
  chunkItems,
  commitDecision,
  deadLetters,
  externalise,
  getLoop,
  loopResultsPage,
  loopStats,
  newestLoops,
  openChunks,
  previewRedrive,
  readItems,
  withExecution,
  type Chosen,
  type LoopRow,
  type RedriveSelector,
} from './index.ts';

const SIZE = 2_500;
const failed = (index: number, message: string): ReturnType<typeof row> => {
  const error = new NoetlError('TOOL_TIMEOUT', message, { kind: 'timeout' }).toInfo();
  return row(index, {
    status: 'FAILED',
    error: message,
    result_text: JSON.stringify({ status: 'error', error }),
  });
};

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

/** Works off what is open; `outcome` of each index. */
async function work(outcome: (index: number) => ReturnType<typeof row>): Promise<void> {
  const loop = await current();
  for (let [next] = await loops.commands(); next; [next] = await loops.commands()) {
    const { from_index, to_index } = next;
    const { indexes, items } = await chunkItems(loops.store, loop, from_index, to_index);
    const rows = items.map((item, at) => {
      expect(Number(item)).toBe(indexes?.[at] ?? from_index + at);
      return outcome(Number(item));
    });
    await loops.finish(next.command_id, { rows, window: 4, chunk_size: 700 });
  }
  await loops.close(0);
}

async function current(): Promise<LoopRow> {
  return (await getLoop(loops.store, loops.loop)) as LoopRow;
}

/** A loop whose every hundredth item has failed. */
async function firstEntry(): Promise<void> {
  await loops.open(SIZE, { window: 4, chunk: 700 });
  await work((index) =>
    index % 100 === 7 ? failed(index, `no answer from "h${String(index)}"`) : row(index),
  );
}

async function redrive(selector: RedriveSelector): Promise<Chosen> {
  const { execution_id } = loops.loop;
  const loop = await current();
  const chosen = await withExecution(loops.store, execution_id, async (tx, locked) => {
    const choice = await chooseItems(tx, loop, selector);
    const ids = idSource(locked.last_event_id, Date.now());
    const loop_id = ids.next();
    const { items, list_id, kept } = choice;
    const first = loop.redrive?.loop_id ?? loop.loop_id;
    const { step, iterator, mode, on_error, concurrency, collection, context } = loop;
    const frozen = { step, iterator, mode, on_error, concurrency, collection, context, cursor: false };
    const about = { loop_id: first, run: 2, total: SIZE, list_id, kept };
    const opening = { ...frozen, loop_id, base_event_id: ids.reserve(SIZE), size: items, redrive: about };
    await commitDecision(tx, {
      execution_id,
      catalog_id: loop.catalog_id,
      events: [],
      commands: [],
      loops: [opening],
      last_event_id: ids.last(),
      snapshot: {},
      status: 'RUNNING',
      redriven: true,
    });
    await openChunks(tx, { execution_id, loop_id }, { window: 4, chunk_size: 10 });
    loops.loop = { execution_id, loop_id };
    return choice;
  });
  return chosen as Chosen;
}

/** All pages. */
async function pages(
  state?: 'COMPLETED' | 'FAILED',
  limit = 400,
): Promise<{ index: number; result: unknown }[]> {
  const loop = await current();
  const found: { index: number; result: unknown }[] = [];
  for (let after: number | null = -1; after !== null;) {
    const page = await loopResultsPage(loops.store, loop, {
      after_index: after,
      limit,
      ...(state && { state }),
    });
    found.push(...page.items.map(({ current_index: index, result }) => ({ index, result })));
    after = page.next;
  }
  return found;
}

const stats = (): Promise<LoopStats | undefined> => loopStats(loops.store, loops.loop);
const healed = (index: number): ReturnType<typeof row> =>
  row(index, { result_text: `{"again":${String(index)}}` });

describe('a redrive of what failed', () => {
  test('lies over the entry before it, in every read', async () => {
    await firstEntry();
    const first = loops.loop;
    expect(await stats()).toEqual({ total: SIZE, success: SIZE - 25, failed: 25, not_started: 0 });
    const chosen = await redrive({ state: 'failed' });
    expect(chosen).toMatchObject({ items: 25, kept: { completed: SIZE - 25, failed: 0 }, entries: 1 });
    await work(healed);
    expect(await loops.row()).toMatchObject({ state: 'done', size: 25, completed: 25 });
    expect(await stats()).toEqual({ total: SIZE, success: SIZE, failed: 0, not_started: 0 });
    const all = await pages();
    expect(all.map(({ index }) => index)).toEqual(Array.from({ length: SIZE }, (_, index) => index));
    expect(all[107]?.result).toEqual({ again: 107 });
    expect(await pages('FAILED')).toEqual([]);
    const ref = `noetl://${first.execution_id}/loop/${loops.loop.loop_id}`;
    expect(await readItems(loops.store, ref, 106, 109)).toEqual([
      '{"i": 106}',
      '{"again": 107}',
      '{"i": 108}',
    ]);
    // What refers to the first entry still means what it did.
    const old = await readItems(loops.store, `noetl://${first.execution_id}/loop/${first.loop_id}`, 107, 108);
    expect(old[0]).toContain('TOOL_TIMEOUT');
  });

  test('of a redrive: three rows of one index, the newest counts', async () => {
    await firstEntry();
    await redrive({ state: 'failed' });
    await work((index) => (index < 1_000 ? healed(index) : failed(index, 'still')));
    expect(await stats()).toMatchObject({ success: SIZE - 15, failed: 15 });
    const chosen = await redrive({ state: 'failed', indexes: [7, 1_007, 1_107, 2_499] });
    expect(chosen).toMatchObject({ items: 2, kept: { completed: SIZE - 2, failed: 13 }, entries: 2 });
    await work((index) => row(index, { result_text: '"third"' }));
    expect(await stats()).toMatchObject({ success: SIZE - 13, failed: 13 });
    expect((await pages('FAILED', 5)).map(({ index }) => index)).toEqual(
      Array.from({ length: 13 }, (_, at) => 1_207 + at * 100),
    );
    const all = await pages();
    expect([all[7], all[1_007], all[1_207]?.index].map((found) => JSON.stringify(found))).toEqual([
      '{"index":7,"result":{"again":7}}',
      '{"index":1007,"result":"third"}',
      '1207',
    ]);
  });
});

test('items far apart come from stored pages as well', async () => {
  await firstEntry();
  const list = Array.from({ length: SIZE }, (_, index) => ({ index, padding: 'x'.repeat(200) }));
  const hole = await externalise(loops.store, loops.loop.execution_id, list);
  const indexes = [0, 1, 2, 1_400, 1_402, 2_499];
  await redrive({ indexes });
  const loop = {
    ...(await current()),
    collection: { kind: 'ref' as const, ref: refOf(hole)?.ref ?? '', count: SIZE },
  };
  const { items, ...rest } = await chunkItems(loops.store, loop, 1, 6);
  expect(rest).toEqual({ indexes: indexes.slice(1) });
  expect(items.map((item) => (JSON.parse(item) as { index: number }).index)).toEqual(indexes.slice(1));
});

test('what has no row is not started, also where items of a stopped loop lie before it', async () => {
  await loops.open(SIZE, { window: 1, chunk: 100, mode: 'sequential', on_error: 'fail' });
  const [only] = await loops.commands();
  const rows = [row(0), row(1), failed(2, 'broken')];
  await loops.finish(only?.command_id ?? '', { rows, stop: true });
  await loops.close();
  const loop = await current();
  const count = async (selector: RedriveSelector): Promise<number> =>
    (await previewRedrive(loops.store, loop, selector, 3)).items;
  expect(await count({ state: 'failed' })).toBe(1);
  expect(await count({ state: 'not_started' })).toBe(SIZE - 3);
  expect(await count({ state: 'incomplete' })).toBe(SIZE - 2);
  expect(await count({ state: 'incomplete', indexes: [0, 1, 2, 3, 9_999] })).toBe(2);
  expect(await count({ state: 'not_started', error_class: 'TOOL_TIMEOUT' })).toBe(0);
  expect(await count({ indexes: [0, 2_499, 2_500] })).toBe(2);
  const { sample } = await previewRedrive(loops.store, loop, { state: 'incomplete' }, 2);
  expect(sample).toEqual([
    { index: 2, status: 'FAILED', error: 'broken' },
    { index: 3, status: null, error: null },
  ]);
  expect(await redrive({ state: 'incomplete' })).toMatchObject({
    items: SIZE - 2,
    kept: { completed: 2, failed: 0 },
  });
});

test('failures are grouped by error and class of message, with the first of each', async () => {
  await loops.open(100, { window: 1, chunk: 100 });
  await work((index) => {
    if (index < 5) return failed(index, `no answer from "h${String(index)}" after ${String(index)} s`);
    return index < 8 ? failed(index, 'refused') : row(index);
  });
  const [loop] = await newestLoops(loops.store, loops.loop.execution_id);
  const groups = await deadLetters(loops.store, loop as LoopRow);
  expect(groups).toMatchObject([
    {
      code: 'TOOL_TIMEOUT',
      kind: 'timeout',
      message_class: 'no answer from … after # s',
      count: 5,
      sample: { index: 0, item: '0' },
    },
    { message_class: 'refused', count: 3, sample: { index: 5, error: { message: 'refused' } } },
  ]);
  const chosen = await Promise.all(
    [
      { error_class: 'timeout' },
      { error_class: 'TOOL_TIMEOUT', message_class: 'refused' },
      { error_class: 'x' },
    ].map((selector) => previewRedrive(loops.store, loop as LoopRow, selector, 1)),
  );
  expect(chosen.map(({ items }) => items)).toEqual([8, 3, 0]);
});

test('the end of an execution leaves no loop open, also one whose items wait for others', async () => {
  await loops.open(20, { window: 2, chunk: 10 });
  const { execution_id } = loops.loop;
  await loops.store.pool.query(
    `UPDATE noetl.command SET state = 'waiting', progress = '{}' WHERE execution_id = $1 AND from_index = 0`,
    [execution_id],
  );
  const { catalog_id } = await current();
  await withExecution(loops.store, execution_id, (tx, { last_event_id }) =>
    commitDecision(tx, {
      execution_id,
      catalog_id,
      events: [],
      commands: [],
      loops: [],
      last_event_id,
      status: 'CANCELLED',
    }),
  );
  expect(await loops.row()).toMatchObject({ state: 'filled', open_chunks: 0 });
  expect(await loops.close()).toBe(true);
  expect(await stats()).toEqual({ total: 20, success: 0, failed: 0, not_started: 20 });
});

test('a new run starts clean, and its end is told as its own', async () => {
  await firstEntry();
  const { execution_id } = loops.loop;
  const terminal = (run?: number): Promise<unknown> =>
    loops.store.pool.query(
      `INSERT INTO noetl.event (execution_id, event_id, event_type, node_name, status, meta)
       SELECT $1, max(event_id) + 1, 'playbook.completed', 'p', 'COMPLETED', $2 FROM noetl.event WHERE execution_id = $1`,
      [execution_id, run === undefined ? null : JSON.stringify({ run })],
    );
  await terminal();
  await expect(terminal()).rejects.toThrow('duplicate key');
  await loops.store.pool.query(
    `UPDATE noetl.execution SET end_time = now(), cancel_requested = 'x', paused_at = now(), result = '1',
      start_time = now() - interval '1 hour', deadline = now() - interval '30 minutes' WHERE execution_id = $1`,
    [execution_id],
  );
  await redrive({ state: 'failed' });
  const { rows } = await loops.store.pool.query(
    `SELECT run, end_time, cancel_requested, paused_at, result,
      extract(epoch FROM deadline - now())::int / 60 AS minutes FROM noetl.execution WHERE execution_id = $1`,
    [execution_id],
  );
  const clean = { end_time: null, cancel_requested: null, paused_at: null, result: null };
  expect(rows[0]).toMatchObject({ run: 2, ...clean });
  expect((rows[0] as { minutes: number }).minutes).toBeGreaterThanOrEqual(29);
  await terminal(2);
});
