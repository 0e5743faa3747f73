/** The main job on the whole product: real processes, real NATS, real Postgres, workers killed in the middle. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { OTHERS, ourPlaybook, RingClient } from './client.ts';

const PATH = 'load_test/heavy_loop_aggregation';
const PYTHON = `${PATH}/heavy_loop_aggregation.yaml`;
const PASSED = /HEAVY LOAD LOOP TEST: PASSED\n={60}\n(.*\[PASS\].*\n){3}={60}/;

let platform: TestPlatform;
let client: RingClient;

beforeAll(async () => {
  platform = await startPlatform({ workers: 3 });
  client = await RingClient.connect(platform);
});

afterAll(async () => {
  await client.close();
  await platform.stop();
});

/** Everything that must hold after a heavy loop: the box, the rows, the order, the counter. */
async function expectExact(id: string, items: number): Promise<void> {
  const rows = await client.iterations(id);
  expect(rows.map((row) => row.current_index)).toEqual(Array.from({ length: items }, (_, index) => index));
  expect(rows.every((row) => typeof row.result === 'object')).toBe(true);
  expect(await client.printed(id)).toMatch(PASSED);
  expect(await client.stepResult(id, 'validate_results')).toMatchObject({ all_checks_passed: true });
  expect(await client.events(id, 'loop.done')).toHaveLength(1);
  const state = await waitFor(
    async () => {
      const shown = await client.loopState(id, 'process_items');
      return shown?.['completed_count'] === items && shown;
    },
    { what: 'the full count in K/V' },
  );
  expect(Object.keys(state).sort()).toEqual([
    'collection_size',
    'completed_count',
    'event_id',
    'iterator',
    'mode',
  ]);
  expect(state['collection_size']).toBe(items);
}

describe.each(['sequential', 'parallel'])('our heavy loop, %s', (mode) => {
  let path: string;

  beforeAll(async () => {
    const yaml = await ourPlaybook(PYTHON);
    path = await client.register(yaml.replace('mode: sequential', `mode: ${mode}`));
  });

  test.each([
    [100, 100],
    [500, 100],
    [1000, 500],
  ])('%d items with %d bytes of padding pass', async (item_count, result_padding_size) => {
    const execution = await client.run(path, { workload: { item_count, result_padding_size } });
    expect(execution.status).toBe('COMPLETED');
    await expectExact(execution.execution_id, item_count);
  });
});

test('the JavaScript twin passes', async () => {
  const path = await client.register(await ourPlaybook(`${PATH}/heavy_loop_aggregation_js.yaml`));
  const execution = await client.run(path, { workload: { item_count: 1000 } });
  expect(execution.status).toBe('COMPLETED');
  await expectExact(execution.execution_id, 1000);
});

test('while a loop runs, its entry in K/V has exactly the five keys and a rising count', async () => {
  const path = await client.register(await ourPlaybook(PYTHON));
  const id = await client.execute(path, { workload: { item_count: 1000, processing_delay: 0.01 } });
  const counts = new Set<number>();
  await waitFor(
    async () => {
      const state = await client.loopState(id, 'process_items');
      if (!state) return false;
      expect(Object.keys(state).sort()).toEqual([
        'collection_size',
        'completed_count',
        'event_id',
        'iterator',
        'mode',
      ]);
      const count = state['completed_count'] as number;
      expect(count).toBeGreaterThanOrEqual(Math.max(0, ...counts));
      counts.add(count);
      return count === 1000;
    },
    { what: 'all 1,000 items counted', timeoutMs: 90_000 },
  );
  expect(counts.size).toBeGreaterThan(3);
  await client.ended(id);
  await expectExact(id, 1000);
}, 120_000);

test('10,000 items on three workers are exact though one of them is killed with -9 midway', async () => {
  const yaml = (await ourPlaybook(PYTHON)).replace('mode: sequential', 'mode: parallel');
  const path = await client.register(yaml);
  const id = await client.execute(path, { workload: { item_count: 10_000, processing_delay: 0.001 } });
  await waitFor(
    async () => {
      const [loop] = await client.sql<{ completed: number }>(
        'SELECT completed FROM noetl.loop WHERE execution_id = $1',
        [id],
      );
      return loop !== undefined && loop.completed > 1_000;
    },
    { what: 'a tenth of the loop' },
  );
  await platform.kill('worker-2');
  expect((await client.ended(id, 90_000)).status).toBe('COMPLETED');
  await expectExact(id, 10_000);
  await platform.addWorker();
}, 150_000);

const whereOthersAre = existsSync(OTHERS) ? test : test.skip; // the folder of playbooks by others is beside the project

describe("NoETL's own two versions, unchanged", () => {
  whereOthersAre.each(['e2e', 'seed'])(
    '%s passes with its own 100 items and with 1,000 × 500 bytes',
    async (generation) => {
      const yaml = await readFile(join(OTHERS, generation, PYTHON), 'utf8');
      const path = await client.register(yaml);
      for (const [payload, items] of [
        [{}, 100],
        [{ workload: { item_count: 1000, result_padding_size: 500 } }, 1000],
      ] as const) {
        const execution = await client.run(path, payload, 120_000);
        expect(execution.status).toBe('COMPLETED');
        await expectExact(execution.execution_id, items);
      }
    },
    250_000,
  );
});
