/** Links between processes and services break, fall silent or slow down; clocks are wrong. Everything heals by itself. */
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Toxics } from '../fault-proxy.ts';
import { startLinkedPlatform, type LinkedPlatform, type ServiceName } from '../links.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';
import { countedItems, exactLoop, expectExactLoop } from './exact-loop.ts';

const ITEMS = 400;
const LEASE_MS = 1_500;
/** Longer than a lease, so that others have taken over what was held. */
const CUT_MS = 2 * LEASE_MS;
const ENV = {
  NOETL_HEARTBEAT_MS: '300',
  NOETL_LEASE_MS: String(LEASE_MS),
  NOETL_CHUNK_ACK_WAIT_MS: String(LEASE_MS),
};

let platform: TestPlatform;
let ring: RingClient;
/** One product for all that is done to links: each test leaves it healed, or the next one shows it. */
let linked: LinkedPlatform;

beforeAll(async () => {
  linked = await startLinkedPlatform({ workers: 2, env: ENV });
  platform = linked;
  ring = await RingClient.connect(linked);
});

afterEach(() => {
  linked.heal();
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

async function startLoop(name: string, ms: number): Promise<string> {
  return ring.execute(await ring.register(exactLoop(name, { items: ITEMS, ms })));
}

/** Those who were cut off have work again. */
async function expectBothWork(): Promise<void> {
  const path = await ring.register(exactLoop('again', { items: 40, ms: 10 }));
  const workers = async (): Promise<boolean> => {
    const id = await ring.execute(path);
    await ring.ended(id);
    const seen = await ring.sql(
      `SELECT DISTINCT worker_id FROM noetl.event WHERE execution_id = $1 AND loop_name = 'items'`,
      [id],
    );
    return seen.length === 2;
  };
  await waitFor(workers, { what: 'work for both workers' });
}

const SILENT: Toxics = { silent: ['up', 'down'] };
const cases: [string, string, ServiceName[], Toxics][] = [
  ['a worker and NATS hear nothing of each other', 'worker-1', ['nats'], SILENT],
  ['a worker and Postgres hear nothing of each other', 'worker-1', ['postgres'], SILENT],
  ['a worker is cut off from both', 'worker-1', ['nats', 'postgres'], SILENT],
  ['a worker cannot send to Postgres, but hears it', 'worker-1', ['postgres'], { silent: ['up'] }],
  ['a worker hears nothing of Postgres, but reaches it', 'worker-1', ['postgres'], { silent: ['down'] }],
  ['a worker hears nothing of NATS, but reaches it', 'worker-1', ['nats'], { silent: ['down'] }],
  ['the api and the aggregator are cut off from both', 'api', ['nats', 'postgres'], SILENT],
];

test.each(cases)('%s for longer than a lease', async (_, process, services, toxics) => {
  const id = await startLoop('cut', 10);
  await waitFor(async () => (await countedItems(ring, id)) > 0, { what: 'the first items' });
  linked.spoil(process, services, toxics);
  if (process === 'api') linked.spoil('aggregator', services, toxics);
  await delay(CUT_MS);
  linked.heal();
  await expectExactLoop(ring, id, ITEMS);
  expect(platform.processes.ended()).toEqual([]);
  await expectBothWork();
});

test('connections are reset again and again', async () => {
  const id = await startLoop('reset', 10);
  for (let round = 0; (await countedItems(ring, id)) < ITEMS; round += 1) {
    const name = ['api', 'worker-1', 'worker-2', 'aggregator'][round % 4] ?? '';
    linked.link(name, round % 3 === 0 ? 'nats' : 'postgres').reset();
    await delay(150);
  }
  await expectExactLoop(ring, id, ITEMS);
  expect(platform.processes.ended()).toEqual([]);
});

test('a slow and narrow link costs time only', async () => {
  linked.spoil('worker-1', ['nats', 'postgres'], { latency_ms: 40, bytes_per_second: 200_000 });
  const id = await startLoop('slow', 2);
  await expectExactLoop(ring, id, ITEMS);
});

test('a commit that takes long comes before the aggregate', async () => {
  const held = linked.link('worker-1', 'postgres');
  // A message of its own, after the rows and the count.
  held.set({ hold: (sent) => sent.includes('COMMIT\0') });
  const id = await startLoop('commit', 5);
  await waitFor(() => held.held > 0, { what: 'a commit that is under way' });
  await delay(LEASE_MS);
  expect(await ring.events(id, 'loop.done')).toEqual([]);
  held.heal();
  await expectExactLoop(ring, id, ITEMS);
  const [order] = await ring.sql<{ done: string; last: string }>(
    `SELECT max(created_at) FILTER (WHERE event_type = 'loop.done')::text AS done,
       max(created_at) FILTER (WHERE event_type = 'step.exit' AND loop_name = 'items')::text AS last
     FROM noetl.event WHERE execution_id = $1`,
    [id],
  );
  expect((order?.done ?? '') > (order?.last ?? '')).toBe(true);
});

test('wrong clocks decide nothing', async () => {
  await ring.close();
  await linked.stop();
  const shift = fileURLToPath(new URL('../../dist/clock-shift.js', import.meta.url));
  const hours: Record<string, number> = { api: -1, aggregator: 2, 'worker-1': 1, 'worker-2': -1 };
  platform = await startPlatform({
    workers: 2,
    env: ENV,
    envOf: (name) => ({
      NODE_OPTIONS: `--import ${shift}`,
      NOETL_TEST_CLOCK_SHIFT_MS: String((hours[name] ?? 0) * 3_600_000),
    }),
  });
  ring = await RingClient.connect(platform);
  const id = await startLoop('clocks', 5);
  await waitFor(async () => (await countedItems(ring, id)) > 0, { what: 'the first items' });
  // It comes back with a clock that is two hours behind the one it had.
  hours['api'] = -3;
  await platform.kill('api');
  await platform.restart('api');
  await platform.kill('worker-1');
  await platform.restart('worker-1');
  await expectExactLoop(ring, id, ITEMS);
});
