/** No room: NATS refuses commands, Postgres has no disk left. New work is refused, and what was taken in is done. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connectBus, type Bus } from '@noetl/bus';
import { fetchAsAdmin } from '../auth.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';
import { startOnSmallDisk, type SmallDisk } from './small-disk.ts';

/** Seconds of work: it must not be done before there is no room. */
const ITEMS = 300;
const BEFORE = 5;

const PLAYBOOK = JSON.stringify({
  apiVersion: 'noetl.io/v2',
  kind: 'Playbook',
  metadata: { name: 'slow', path: 'full/slow' },
  workflow: [
    {
      step: 'items',
      loop: { in: `{{ range(workload.items) }}`, iterator: 'item', spec: { mode: 'parallel' } },
      tool: {
        kind: 'python',
        args: { x: '{{ iter.item }}' },
        // Text that cannot be compressed, so that it needs room.
        code: 'import os, time\ndef main(x):\n  time.sleep(0.03)\n  return {"x": x, "text": os.urandom(8000).hex()}',
      },
    },
  ],
  workload: { items: 1 },
});

let platform: TestPlatform;
let ring: RingClient;

async function execute(items: number, { key, ballast }: { key?: string; ballast?: string } = {}) {
  const response = await fetchAsAdmin(`${platform.url}/api/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
    body: JSON.stringify({
      path: 'full/slow',
      payload: { items, ...(ballast !== undefined && { ballast }) },
    }),
  });
  const retryAfter = response.headers.get('retry-after');
  return { status: response.status, retryAfter, body: (await response.json()) as Record<string, unknown> };
}

/** A loop that has begun. */
async function begun(): Promise<string> {
  await ring.register(PLAYBOOK);
  const { body } = await execute(ITEMS, { key: 'first' });
  const id = String(body['execution_id']);
  await waitFor(async () => (await completed(id)) >= BEFORE, { what: 'the first items' });
  return id;
}

async function completed(id: string): Promise<number> {
  const [row] = await ring.sql<{ completed: number }>(
    'SELECT completed FROM noetl.loop WHERE execution_id = $1',
    [id],
  );
  return row?.completed ?? 0;
}

async function executions(): Promise<number> {
  const [row] = await ring.sql<{ n: number }>('SELECT count(*)::int AS n FROM noetl.execution');
  return row?.n ?? 0;
}

async function allDone(id: string): Promise<void> {
  expect(await ring.ended(id)).toMatchObject({ status: 'COMPLETED' });
  const [row] = await ring.sql(
    `SELECT count(*)::int AS rows, count(DISTINCT current_index)::int AS indexes FROM noetl.event
     WHERE execution_id = $1 AND event_type = 'step.exit' AND loop_name = 'items'`,
    [id],
  );
  expect(row).toEqual({ rows: ITEMS, indexes: ITEMS });
  expect(await ring.loopState(id, 'items')).toMatchObject({ completed_count: ITEMS });
  const { status, body } = await execute(1);
  expect(status).toBe(201);
  expect(await ring.ended(String(body['execution_id']))).toMatchObject({ status: 'COMPLETED' });
  expect(platform.processes.ended()).toEqual([]);
}

describe('NATS', () => {
  const FILLER = 'noetl.cmd.step.nobody';
  let bus: Bus;

  beforeEach(async () => {
    platform = await startPlatform({ workers: 1, env: { NOETL_COMMANDS_MAX_BYTES: '65536' } });
    ring = await RingClient.connect(platform);
    bus = await connectBus({ url: platform.natsUrl, name: 'filler' });
  });

  afterEach(async () => {
    await bus.close();
    await ring.close();
    await platform.stop();
  });

  async function fill(): Promise<void> {
    for (const size of [1024, 1]) {
      const block = new Uint8Array(size);
      for (;;) {
        const refused = await bus.jetstream.publish(FILLER, block).then(
          () => undefined,
          (error: unknown) => error as { api_error?: { err_code: number } },
        );
        if (refused === undefined) continue;
        expect(refused.api_error?.err_code).toBe(10077);
        break;
      }
    }
  }

  test('503 with Retry-After, and nothing is stored; the loop goes on when there is room', async () => {
    const id = await begun();
    await fill();
    const refused = await waitFor(
      async () => {
        const answer = await execute(1);
        return answer.status !== 201 && answer;
      },
      { what: 'a refusal' },
    );
    expect(refused).toMatchObject({ status: 503, body: { code: 'SERVICE_UNAVAILABLE' } });
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);
    const before = await executions();
    expect((await execute(1)).status).toBe(503);
    expect(await execute(ITEMS, { key: 'first' })).toMatchObject({ status: 200, body: { execution_id: id } });
    expect(await executions()).toBe(before);
    await waitFor(() => platform.log('worker-1').includes('did not take a message'), {
      what: 'the worker to meet the refusal',
    });
    await bus.manager.streams.purge('NOETL_COMMANDS', { filter: FILLER });
    await waitFor(async () => (await execute(1)).status === 201, { what: 'room' });
    await allDone(id);
  });
});

describe('Postgres', () => {
  let disk: SmallDisk;

  beforeEach(async () => {
    disk = await startOnSmallDisk();
    platform = await startPlatform({ workers: 1, postgres: disk.postgres });
    ring = await RingClient.connect(platform);
  });

  afterEach(async () => {
    await ring.close();
    await platform.stop();
    await disk.stop();
  });

  test('503 with Retry-After, and nothing is stored; the loop goes on when there is room', async () => {
    const id = await begun();
    await disk.fill();
    const before = await executions();
    const refused = await execute(1, { ballast: randomBytes(300_000).toString('hex') });
    expect(refused).toMatchObject({ status: 503, body: { code: 'SERVICE_UNAVAILABLE' } });
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);
    expect(await executions()).toBe(before);
    await waitFor(() => platform.log('worker-1').includes('53100'), {
      what: 'the worker to meet the full disk',
    });
    expect(await completed(id)).toBeLessThan(ITEMS);
    await disk.free();
    await allDone(id);
  });
});
