/** Permits on real Postgres: never more than a limit allows, whoever asks, and each in its turn. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startTestPostgres, type TestPostgres } from '@noetl/testkit';
import {
  connectStore,
  deleteFlowLimit,
  flowLimitsInUse,
  migrate,
  pauseFlow,
  saveFlowLimit,
  takePermits,
  type FlowLimit,
  type Store,
} from './index.ts';

let postgres: TestPostgres;
let store: Store;

beforeAll(async () => {
  postgres = await startTestPostgres();
  const onError = (): void => undefined;
  store = connectStore({ url: postgres.url, maxConnections: 8, applicationName: 'test', onError });
  await migrate(store);
});

afterAll(async () => {
  await store.close();
  await postgres.stop();
});

const limit = (over: Partial<FlowLimit>): Promise<void> =>
  saveFlowLimit(store, { key: 'k', max_concurrent: null, rate: null, burst: null, ...over });

async function take(worker_id: string, held: number, wanted: number, lease_ms = 60_000) {
  return takePermits(store, { keys: ['k'], held: [held], wanted, worker_id, lease_ms });
}

beforeEach(async () => {
  await deleteFlowLimit(store, 'k');
  await deleteFlowLimit(store, 'other');
});

describe('calls at once', () => {
  beforeEach(() => limit({ max_concurrent: 5 }));

  test('twenty workers at once get five together', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => take(`w${String(n)}`, 0, 1)));
    expect(answers.reduce((sum, { granted }) => sum + granted, 0)).toBe(5);
  });

  test('who waits longer is served first, and told when it can be', async () => {
    expect((await take('a', 0, 5)).granted).toBe(5);
    expect((await take('b', 0, 2)).granted).toBe(0);
    await store.pool.query("UPDATE noetl.flow_user SET waiting_since = waiting_since - interval '1 s'");
    // One call of a has ended, and it wants another: b was there before.
    const again = await take('a', 4, 1);
    expect(again).toMatchObject({ granted: 0, wake: ['k'] });
    expect((await take('b', 0, 2)).granted).toBe(1);
    expect((await take('a', 3, 1)).granted).toBe(1);
  });

  test('a worker that died gives its slots back when its lease has run out', async () => {
    expect((await take('dead', 0, 5, 0)).granted).toBe(5);
    expect((await take('a', 0, 5)).granted).toBe(5);
    // It says what it has running: that counts again, though it is more than there should be.
    await take('dead', 2, 0);
    expect(await flowLimitsInUse(store, 'k')).toMatchObject([{ running: 7, waiting: 0 }]);
  });

  test('a change counts for whoever asks next', async () => {
    expect((await take('a', 0, 5)).granted).toBe(5);
    await limit({ max_concurrent: 7 });
    expect((await take('a', 5, 9)).granted).toBe(2);
    await limit({ max_concurrent: 1 });
    expect((await take('a', 1, 1)).granted).toBe(0);
    expect((await take('a', 0, 1)).granted).toBe(1);
  });
});

describe('calls a second', () => {
  test('a burst, then by the clock', async () => {
    await limit({ rate: 0.5, burst: 3 });
    expect(await take('a', 0, 10)).toMatchObject({ granted: 3 });
    const { granted, wait_ms } = await take('b', 0, 1);
    expect(granted).toBe(0);
    expect(wait_ms).toBeGreaterThan(0);
    expect(wait_ms).toBeLessThanOrEqual(2_000);
  });

  test('twenty workers share the bucket', async () => {
    await limit({ rate: 0.001, burst: 4 });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => take(`w${String(n)}`, 0, 1)));
    expect(answers.reduce((sum, { granted }) => sum + granted, 0)).toBe(4);
  });

  test('a pause stops everything until it ends', async () => {
    await limit({ rate: 100, burst: 10 });
    await pauseFlow(store, ['k'], 60_000);
    const { granted, wait_ms } = await take('a', 0, 1);
    expect(granted).toBe(0);
    expect(wait_ms).toBeGreaterThan(50_000);
    await limit({ rate: 100, burst: 10 });
    expect((await take('a', 0, 1)).granted).toBe(1);
  });
});

test('a call under two limits needs both at once', async () => {
  await limit({ max_concurrent: 3 });
  await saveFlowLimit(store, { key: 'other', max_concurrent: 1, rate: null, burst: null });
  const both = { keys: ['k', 'other', 'unlimited'], held: [0, 0, 0], worker_id: 'a', lease_ms: 60_000 };
  expect((await takePermits(store, { ...both, wanted: 2 })).granted).toBe(1);
  expect(await flowLimitsInUse(store)).toMatchObject([
    { key: 'k', running: 1, waiting: 0 },
    { key: 'other', running: 1, waiting: 1 },
  ]);
});
