/** A loop goes on exactly though its services are taken away in the middle: NATS wiped, Postgres crashed, api killed. */
import { afterEach, expect, test } from '@jest/globals';
import { startTestNats, type TestNats } from '../nats.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { startOwnPostgres } from '../postgres.ts';
import { waitFor } from '../wait.ts';
import { ourPlaybook, RingClient } from './client.ts';

const ITEMS = 4_000;
const HEAVY = 'load_test/heavy_loop_aggregation/heavy_loop_aggregation.yaml';

let platform: TestPlatform;
let client: RingClient;
let nats: TestNats;
type OwnPostgres = Awaited<ReturnType<typeof startOwnPostgres>>;

/** The server as it was first started: it alone knows how to come back. */
let firstPostgres: OwnPostgres;
let postgres: Awaited<ReturnType<OwnPostgres['again']>>;

async function start(): Promise<string> {
  firstPostgres = await startOwnPostgres();
  postgres = firstPostgres;
  nats = await startTestNats();
  platform = await startPlatform({ workers: 2, postgres, nats });
  client = await RingClient.connect(platform);
  return client.register((await ourPlaybook(HEAVY)).replace('mode: sequential', 'mode: parallel'));
}

afterEach(async () => {
  await client.close();
  await platform.stop();
  await nats.stop();
  await postgres.remove();
});

async function reaches(id: string, completed: number): Promise<void> {
  await waitFor(
    async () => {
      const [loop] = await client.sql<{ completed: number }>(
        'SELECT completed FROM noetl.loop WHERE execution_id = $1',
        [id],
      );
      return loop !== undefined && loop.completed >= completed;
    },
    { what: `${String(completed)} items`, timeoutMs: 60_000 },
  );
}

async function expectExact(id: string): Promise<void> {
  const rows = await client.iterations(id);
  expect(rows.map((row) => row.current_index)).toEqual(Array.from({ length: ITEMS }, (_, index) => index));
  expect(await client.printed(id)).toContain('HEAVY LOAD LOOP TEST: PASSED');
  expect(await client.events(id, 'loop.done')).toHaveLength(1);
}

test('NATS loses everything it had', async () => {
  const path = await start();
  const id = await client.execute(path, { item_count: ITEMS, processing_delay: 0.002 });
  await reaches(id, 500);
  nats = await nats.again({ wiped: true });
  expect((await client.ended(id, 120_000)).status).toBe('COMPLETED');
  await expectExact(id);
  await waitFor(async () => (await client.loopState(id, 'process_items'))?.['completed_count'] === ITEMS, {
    what: 'the count in the new K/V',
    timeoutMs: 30_000,
  });
}, 180_000);

test('Postgres crashes twice, and no process with it', async () => {
  const path = await start();
  const id = await client.execute(path, { item_count: ITEMS, processing_delay: 0.002 });
  for (const completed of [500, 1_500]) {
    await reaches(id, completed);
    await postgres.kill();
    postgres = await firstPostgres.again();
    await waitFor(() => client.sql('SELECT 1'), { what: 'Postgres', timeoutMs: 30_000 });
  }
  expect((await client.ended(id, 120_000)).status).toBe('COMPLETED');
  await expectExact(id);
  expect(platform.processes.names.sort()).toEqual(['aggregator', 'api', 'worker-1', 'worker-2']);
}, 180_000);

test('workers that are told to stop finish what they hold, and the others go on', async () => {
  const path = await start();
  const id = await client.execute(path, { item_count: ITEMS, processing_delay: 0.002 });
  await reaches(id, 500);
  await platform.addWorker();
  for (const name of ['worker-1', 'worker-2']) {
    await platform.kill(name, 'SIGTERM');
    expect(platform.log(name)).toContain('"message":"stopped"');
  }
  expect((await client.ended(id, 60_000)).status).toBe('COMPLETED');
  await expectExact(id);
  const [taken] = await client.sql<{ again: number }>(
    'SELECT count(*)::int AS again FROM noetl.command WHERE attempt > 1',
  );
  expect(taken?.again).toBe(0);
}, 180_000);

test('the api and the aggregator are killed and come back', async () => {
  const path = await start();
  const id = await client.execute(path, { item_count: ITEMS, processing_delay: 0.002 });
  await reaches(id, 500);
  await platform.kill('api');
  await platform.kill('aggregator');
  await reaches(id, ITEMS);
  await platform.restart('aggregator');
  await platform.restart('api');
  expect((await client.ended(id, 60_000)).status).toBe('COMPLETED');
  await expectExact(id);
}, 180_000);
