/** A loop is closed only once its count is shown: while NATS cannot be reached it stays filled, and is found again. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectBus, loopKey, readLoopState, type Bus } from '@noetl/bus';
import { idSource, snowflakes } from '@noetl/protocol';
import { createLog, failpoints, Metrics } from '@noetl/service';
import {
  commitDecision,
  connectStore,
  createExecution,
  finishChunk,
  getLoop,
  openChunks,
  registerResource,
  withExecution,
  type LoopKey,
  type Store,
} from '@noetl/store';
import { startTestNats, startTestPostgres, type TestNats, type TestPostgres } from '@noetl/testkit';
import { collect } from './collect.ts';
import { aggregatorRecorder } from './metrics.ts';

const newId = snowflakes(5, Date.now);
const log = createLog({ level: 'error', format: 'json', name: 'test' });

let postgres: TestPostgres;
let nats: TestNats;
let store: Store;
let bus: Bus;

beforeAll(async () => {
  postgres = await startTestPostgres();
  nats = await startTestNats();
  store = connectStore({
    url: postgres.url,
    maxConnections: 4,
    applicationName: 'test',
    onError: () => undefined,
  });
  bus = await connectBus({ url: nats.url, name: 'test' });
});

afterAll(async () => {
  await bus.close();
  await store.close();
  await nats.stop();
  await postgres.stop();
});

/** A loop of one item that is stored, whose worker vanished before it showed the count. */
async function filledLoop(): Promise<LoopKey> {
  const execution_id = newId();
  const entry = { catalog_id: newId(), path: 'p', kind: 'Playbook', content: 'x' };
  const { catalog_id } = await registerResource(store, entry);
  await createExecution(store, { execution_id, catalog_id, path: 'p', version: 1, payload: {} });
  const of = { execution_id, catalog_id, path: 'p' };
  const nothing = { vars: {}, steps: {}, step_kinds: {}, args: {}, payload: {} };
  const opened = await withExecution(store, execution_id, async (tx, { last_event_id }) => {
    const ids = idSource(last_event_id, Date.now());
    const loop_id = ids.next();
    const base_event_id = ids.reserve(1);
    const loop = {
      ...{ loop_id, base_event_id, step: 'each', size: 1, iterator: 'item', concurrency: 1, cursor: false },
      ...{ mode: 'parallel' as const, on_error: 'fail' as const },
      collection: { kind: 'range' as const, start: 0, step: 1, count: 1 },
      context: { ...of, ...nothing },
    };
    const decision = { events: [], commands: [], loops: [loop], last_event_id: ids.last(), snapshot: {} };
    await commitDecision(tx, { ...of, ...decision, status: 'RUNNING' });
    const [chunk] = await openChunks(tx, { execution_id, loop_id }, { window: 1, chunk_size: 1 });
    return { loop_id, command_id: chunk?.command_id ?? '' };
  });
  const { loop_id, command_id } = opened ?? { loop_id: '', command_id: '' };
  const row = { index: 0, status: 'COMPLETED' as const, result_text: '1', item_text: '0', duration_s: 0 };
  const rest = { remaining: [], window: 1, chunk_size: 1, stop: false, worker_id: 'w' };
  await finishChunk(store, { execution_id, command_id, rows: [row], ...rest });
  return { execution_id, loop_id };
}

test('a loop whose count cannot be shown is not closed, and is closed when it can be', async () => {
  const key = await filledLoop();
  const record = aggregatorRecorder(new Metrics());
  const deps = { store, bus, log, record, failpoint: failpoints([]), nowMs: Date.now };
  const gone = await connectBus({ url: nats.url, name: 'gone' });
  await gone.close();
  await expect(collect({ ...deps, bus: gone }, key)).rejects.toThrow();
  expect(await getLoop(store, key)).toMatchObject({ state: 'filled' });
  expect(await collect(deps, key)).toBe(true);
  expect(await getLoop(store, key)).toMatchObject({ state: 'done' });
  expect(await readLoopState(bus, loopKey(key.execution_id, 'each', key.loop_id))).toMatchObject({
    completed_count: 1,
  });
});
