/** Loops on real Postgres: counted exactly once, whoever races whom. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { idSource, snowflakes, type Context, type Id, type LoopOpening, type OnError } from '@noetl/protocol';
import { startTestPostgres, type TestPostgres } from '@noetl/testkit';
import {
  claimCommand,
  closeLoop,
  commitDecision,
  connectStore,
  createExecution,
  finishChunk,
  getLoop,
  heartbeat,
  isStorable,
  listEvents,
  openChunks,
  readItems,
  registerResource,
  staleCommands,
  stepResult,
  withExecution,
  type FinishedChunk,
  type IterationRow,
  type LoopKey,
  type Store,
} from './index.ts';

const LEASE_MS = 60_000;
const newId = snowflakes(3, Date.now);

let postgres: TestPostgres;
let store: Store;
let catalog_id: Id;
let loop: LoopKey;

beforeAll(async () => {
  postgres = await startTestPostgres();
  store = connectStore({
    url: postgres.url,
    maxConnections: 12,
    applicationName: 'test',
    onError: () => undefined,
  });
  ({ catalog_id } = await registerResource(store, {
    catalog_id: newId(),
    path: 'p',
    kind: 'Playbook',
    content: 'x',
  }));
});

afterAll(async () => {
  await store.close();
  await postgres.stop();
});

async function openLoop(
  size: number,
  options: { window: number; chunk: number; on_error?: OnError; mode?: 'sequential' },
): Promise<LoopKey> {
  const { execution_id } = await createExecution(store, {
    execution_id: newId(),
    catalog_id,
    path: 'p',
    version: 1,
    payload: {},
  });
  const context: Context = {
    execution_id,
    catalog_id,
    path: 'p',
    vars: {},
    steps: {},
    step_kinds: {},
    args: {},
    payload: {},
  };
  const loop_id = await withExecution(store, execution_id, async (tx, locked) => {
    const ids = idSource(locked.last_event_id, Date.now());
    const id = ids.next();
    const opening: LoopOpening = {
      loop_id: id,
      step: 'process_items',
      base_event_id: ids.reserve(size),
      size,
      iterator: 'item',
      mode: options.mode ?? 'parallel',
      on_error: options.on_error ?? 'continue',
      collection: { kind: 'range', start: 0, step: 1, count: size },
      context,
    };
    await commitDecision(tx, {
      execution_id,
      catalog_id,
      events: [],
      commands: [],
      loops: [opening],
      last_event_id: ids.last(),
      snapshot: {},
      status: 'RUNNING',
    });
    await openChunks(
      tx,
      { execution_id, loop_id: id },
      { window: options.window, chunk_size: options.chunk },
    );
    return id;
  });
  return { execution_id, loop_id: loop_id ?? '0' };
}

function row(index: number, over: Partial<IterationRow> = {}): IterationRow {
  return {
    index,
    status: 'COMPLETED',
    result_text: `{"i":${String(index)}}`,
    item_text: String(index),
    duration_s: 0.001,
    meta_text: '{}',
    ...over,
  };
}

const rowsOf = (from: number, to: number): IterationRow[] =>
  Array.from({ length: to - from }, (_, offset) => row(from + offset));

async function openCommands(): Promise<{ command_id: Id; from_index: number; to_index: number }[]> {
  const { rows } = await store.pool.query<{ command_id: Id; from_index: number; to_index: number }>(
    "SELECT command_id, from_index, to_index FROM noetl.command WHERE execution_id = $1 AND state IN ('pending', 'leased') ORDER BY from_index",
    [loop.execution_id],
  );
  return rows;
}

function finish(command_id: Id, over: Partial<FinishedChunk> = {}): ReturnType<typeof finishChunk> {
  const { execution_id } = loop;
  return finishChunk(store, {
    execution_id,
    command_id,
    worker_id: 'w',
    rows: [],
    remaining: [],
    window: 2,
    chunk_size: 10,
    stop: false,
    ...over,
  });
}

const current = async (): Promise<Record<string, unknown>> =>
  (await getLoop(store, loop)) as unknown as Record<string, unknown>;
const close = (): ReturnType<typeof closeLoop> =>
  closeLoop(store, loop, { inline_max_bytes: 65_536, nowMs: Date.now() });

/** Works off everything that is open, as one worker would. */
async function drain(worker: string): Promise<void> {
  for (let [next] = await openCommands(); next; [next] = await openCommands()) {
    await finish(next.command_id, { worker_id: worker, rows: rowsOf(next.from_index, next.to_index) });
  }
}

describe('finishing', () => {
  beforeEach(async () => {
    loop = await openLoop(100, { window: 2, chunk: 10 });
  });

  test('the window is filled first, and every finish issues what fits into it', async () => {
    expect((await openCommands()).map((chunk) => [chunk.from_index, chunk.to_index])).toEqual([
      [0, 10],
      [10, 20],
    ]);
    const [first] = await openCommands();
    const done = await finish(first?.command_id ?? '', { rows: rowsOf(0, 10), window: 3, chunk_size: 25 });
    expect(done).toMatchObject({ committed: true, completed: 10, filled: false });
    expect((await openCommands()).map((chunk) => [chunk.from_index, chunk.to_index])).toEqual([
      [10, 20],
      [20, 45],
      [45, 70],
    ]);
  });

  test('of two that finish one chunk, one commits', async () => {
    const [first] = await openCommands();
    const both = await Promise.all(
      [1, 2].map(() => finish(first?.command_id ?? '', { rows: rowsOf(0, 10) })),
    );
    expect(both.filter((outcome) => outcome.committed)).toHaveLength(1);
    expect(await current()).toMatchObject({ completed: 10, open_chunks: 2 });
  });

  test('what was not started is handed back as chunks', async () => {
    const [first] = await openCommands();
    await finish(first?.command_id ?? '', { rows: rowsOf(0, 4), remaining: [[4, 10]], window: 2 });
    expect((await openCommands()).map((chunk) => [chunk.from_index, chunk.to_index])).toEqual([
      [4, 10],
      [10, 20],
    ]);
  });

  test('eight workers at once: every index once, and the count exact', async () => {
    loop = await openLoop(2_000, { window: 16, chunk: 7 });
    await Promise.all(Array.from({ length: 8 }, (_, worker) => drain(`w${String(worker)}`)));
    const { rows } = await store.pool.query<{ n: number; distinct: number }>(
      'SELECT count(*)::int AS n, count(DISTINCT current_index)::int AS distinct FROM noetl.event WHERE execution_id = $1 AND loop_name IS NOT NULL',
      [loop.execution_id],
    );
    expect(rows).toEqual([{ n: 2_000, distinct: 2_000 }]);
    expect(await current()).toMatchObject({
      completed: 2_000,
      open_chunks: 0,
      next_index: 2_000,
      state: 'filled',
    });
  });

  test("the seed's query gives every row in order", async () => {
    await drain('w');
    const { rows } = await store.pool.query<{
      current_index: number;
      result: unknown;
    }>(`SELECT event_type, node_name, result, loop_name, current_index
FROM noetl.event
WHERE execution_id = ${loop.execution_id}
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
    const [first] = await openCommands();
    const rows = rowsOf(0, 10);
    rows[3] = row(3, {
      result_text: JSON.stringify({ text }),
      item_text: text,
      error: text,
      status: 'FAILED',
    });
    await finish(first?.command_id ?? '', { rows });
    const stored = await store.pool.query<{ result: { text: string }; current_item: string; error: string }>(
      'SELECT result, current_item, error FROM noetl.event WHERE execution_id = $1 AND current_index = 3',
      [loop.execution_id],
    );
    expect(stored.rows[0]).toEqual({ result: { text }, current_item: text, error: text });
  });

  test('a result that Postgres refuses changes nothing, and is found', async () => {
    const [first] = await openCommands();
    const bad = row(1, { result_text: '{"a":"\\u0000"}' });
    await expect(finish(first?.command_id ?? '', { rows: [row(0), bad] })).rejects.toMatchObject({
      code: 'RESULT_NOT_STORABLE',
    });
    expect(await current()).toMatchObject({ completed: 0, open_chunks: 2 });
    expect([await isStorable(store, row(0)), await isStorable(store, bad)]).toEqual([true, false]);
  });

  test('a failure that stops the loop drops what is pending; the last one out fills it', async () => {
    const [first, second] = await openCommands();
    await claimCommand(store, {
      ...loop,
      command_id: second?.command_id ?? '',
      worker_id: 'other',
      lease_ms: LEASE_MS,
    });
    const rows = [...rowsOf(0, 4), row(4, { status: 'FAILED', result_text: '{"status":"error"}' })];
    expect(await finish(first?.command_id ?? '', { rows, remaining: [[5, 10]], stop: true })).toMatchObject({
      committed: true,
      filled: false,
      issued: [],
    });
    expect(await finish(second?.command_id ?? '', { rows: rowsOf(10, 20) })).toMatchObject({
      filled: true,
      completed: 15,
    });
    expect(await close()).toEqual({ closed: true });
    const [done] = await listEvents(store, loop.execution_id, { limit: 1, order: 'desc' });
    expect(done).toMatchObject({
      event_type: 'loop.done',
      result: { stats: { total: 100, success: 14, failed: 1, not_started: 85 } },
    });
  });

  test('what iterations write is merged in order of commit and told once, before the loop is done', async () => {
    const [first, second] = await openCommands();
    await finish(first?.command_id ?? '', { rows: rowsOf(0, 10), ctx: { a: 1, b: 1 } });
    await finish(second?.command_id ?? '', { rows: rowsOf(10, 20), ctx: { b: 2 } });
    await drain('w');
    await close();
    const events = await listEvents(store, loop.execution_id, { limit: 10, order: 'asc' });
    expect(events.map((event) => [event.event_type, event.loop_name])).toEqual([
      ['ctx.updated', null],
      ['loop.done', null],
    ]);
    expect(events[0]?.result).toEqual({ a: 1, b: 2 });
  });
});

describe('closing', () => {
  test('of eight aggregators one closes, and only once', async () => {
    loop = await openLoop(30, { window: 4, chunk: 10 });
    await drain('w');
    const all = await Promise.all(Array.from({ length: 8 }, close));
    expect(all.filter(({ closed }) => closed)).toHaveLength(1);
    expect(
      (await listEvents(store, loop.execution_id, { limit: 10, order: 'asc' })).map(
        (event) => event.event_type,
      ),
    ).toEqual(['loop.done']);
  });

  test('never before the last row', async () => {
    loop = await openLoop(30, { window: 4, chunk: 10 });
    expect(await close()).toEqual({ closed: false });
    await drain('w');
    await store.pool.query('DELETE FROM noetl.event WHERE execution_id = $1 AND current_index = 7', [
      loop.execution_id,
    ]);
    expect(await close()).toEqual({ closed: false });
  });

  test('small results are inline, large ones a reference that reads by page', async () => {
    loop = await openLoop(30, { window: 4, chunk: 10 });
    await drain('w');
    await close();
    expect(await stepResult(store, loop.execution_id, 'process_items')).toMatchObject({
      results: Array.from({ length: 30 }, (_, i) => ({ i })),
    });
    loop = await openLoop(30, { window: 4, chunk: 10 });
    await drain('w');
    await closeLoop(store, loop, { inline_max_bytes: 10, nowMs: Date.now() });
    const ref = `noetl://${loop.execution_id}/loop/${loop.loop_id}`;
    expect(await stepResult(store, loop.execution_id, 'process_items')).toMatchObject({
      results: { _ref: { ref, count: 30 } },
    });
    expect(await readItems(store, ref, 28, 99)).toEqual(['{"i": 28}', '{"i": 29}']);
  });

  test('ids stay behind the iterations though the clock is an hour slow', async () => {
    loop = await openLoop(30, { window: 4, chunk: 10 });
    await drain('w');
    await closeLoop(store, loop, { inline_max_bytes: 10, nowMs: Date.now() - 3_600_000 });
    const [done] = await listEvents(store, loop.execution_id, { limit: 1, order: 'desc', iterations: true });
    expect(done?.event_type).toBe('loop.done');
  });
});

describe('claims', () => {
  const claim = (command_id: Id, worker_id: string, lease_ms = LEASE_MS): ReturnType<typeof claimCommand> =>
    claimCommand(store, { execution_id: loop.execution_id, command_id, worker_id, lease_ms });

  beforeEach(async () => {
    loop = await openLoop(20, { window: 2, chunk: 10 });
  });

  test('one holds it, others wait, until its lease runs out', async () => {
    const id = (await openCommands())[0]?.command_id ?? '';
    expect(await claim(id, 'a')).toMatchObject({
      kind: 'claimed',
      attempt: 1,
      command: { lane: 'chunk', from_index: 0, to_index: 10 },
    });
    expect(await claim(id, 'b')).toMatchObject({ kind: 'busy' });
    expect(await claim(id, 'a', 0)).toMatchObject({ kind: 'claimed', attempt: 2 });
    expect(await claim(id, 'b')).toMatchObject({ kind: 'claimed', attempt: 3 });
  });

  test('a beat keeps what is ours and tells what is not', async () => {
    const [first, second] = await openCommands();
    await claim(first?.command_id ?? '', 'a');
    await claim(second?.command_id ?? '', 'b');
    const keys = [first, second].map((chunk) => ({
      execution_id: loop.execution_id,
      command_id: chunk?.command_id ?? '',
    }));
    expect(await heartbeat(store, keys, 'a', LEASE_MS)).toEqual([keys[0]]);
  });

  test('finished and unknown commands are gone', async () => {
    const id = (await openCommands())[0]?.command_id ?? '';
    await finish(id, { rows: rowsOf(0, 10) });
    expect(await claim(id, 'a')).toEqual({ kind: 'gone', reason: 'it is done' });
    expect(await claim('1', 'a')).toEqual({ kind: 'gone', reason: 'Postgres does not know it' });
  });

  test('the chunk of a dead worker is closed when its loop has stopped meanwhile', async () => {
    const [first, second] = await openCommands();
    await claim(second?.command_id ?? '', 'dead', 0);
    await finish(first?.command_id ?? '', { rows: rowsOf(0, 10), stop: true });
    expect(await claim(second?.command_id ?? '', 'a')).toEqual({
      kind: 'gone',
      reason: 'its loop has stopped',
    });
    expect(await current()).toMatchObject({ state: 'filled', open_chunks: 0, completed: 10 });
  });

  test('what nobody has claimed is given out again, to one caller', async () => {
    const stale = await Promise.all(
      [1, 2, 3].map(() => staleCommands(store, { older_than_ms: -1, limit: 1_000 })),
    );
    const ours = stale.flat().filter((command) => command.execution_id === loop.execution_id);
    expect(ours).toHaveLength(2);
  });
});
