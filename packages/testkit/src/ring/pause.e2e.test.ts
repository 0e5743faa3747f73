/** Pause, resume and cancel of executions whose loops run: nothing is started meanwhile, and counts add up. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectBus, publishCommand } from '@noetl/bus';
import type { RoutedCommand } from '@noetl/protocol';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { startProbeServer } from '../probe-server.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

const ITEMS = 60;
const TIMEOUT_MS = 120_000;
/** Longer than the relay leaves a command unclaimed: what is paused is not published by it either. */
const QUIET_MS = 7_000;

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  const env = { NOETL_HEARTBEAT_MS: '500', NOETL_LEASE_MS: '3000' };
  platform = await startPlatform({ workers: 2, env });
  ring = await RingClient.connect(platform);
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

/** Items that take so long each. */
async function start(name: string, seconds: number, spec: object = {}): Promise<string> {
  const code = `import time\ndef main(x):\n  time.sleep(${String(seconds)})\n  return {"x": x}`;
  const loop = {
    in: Array.from({ length: ITEMS }, (_, x) => x),
    iterator: 'item',
    spec: { mode: 'parallel' },
  };
  const document = {
    apiVersion: 'noetl.io/v2',
    kind: 'Playbook',
    executor: { spec },
    metadata: { name, path: `pause/${name}` },
    workflow: [{ step: 'start', loop, tool: { kind: 'python', args: { x: '{{ iter.item }}' }, code } }],
  };
  const id = await ring.execute(await ring.register(JSON.stringify(document)));
  await waitFor(async () => (await leased(id)) > 0, { what: 'a chunk that runs', timeoutMs: TIMEOUT_MS });
  return id;
}

async function leased(id: string): Promise<number> {
  const [row] = await ring.sql<{ count: number }>(
    `SELECT count(*)::int FROM noetl.command WHERE execution_id = $1 AND state = 'leased'`,
    [id],
  );
  return row?.count ?? 0;
}

async function completed(id: string): Promise<number> {
  const [row] = await ring.sql<{ completed: number }>(
    'SELECT completed FROM noetl.loop WHERE execution_id = $1',
    [id],
  );
  return row?.completed ?? 0;
}

async function staysQuiet(id: string): Promise<void> {
  await waitFor(async () => (await leased(id)) === 0, { what: 'nothing in flight', timeoutMs: 20_000 });
  const before = await completed(id);
  expect(before).toBeLessThan(ITEMS);
  await delay(QUIET_MS);
  expect(await completed(id)).toBe(before);
  expect(await leased(id)).toBe(0);
}

test.each(['', '/loops/start'])(
  'pause%s starts nothing, resume goes on',
  async (of) => {
    const id = await start(`whole${of.replaceAll('/', '_')}`, 0.3);
    const path = `/api/executions/${id}${of}`;
    expect(await ring.post(`${path}/pause`, {})).toMatchObject({
      status: 200,
      body: { paused: true, changed: true },
    });
    expect((await ring.post(`${path}/pause`, {})).body).toMatchObject({ paused: true, changed: false });
    await staysQuiet(id);
    const shown = of === '' ? `/api/executions/${id}/status` : `/api/executions/${id}${of}`;
    expect((await ring.get(shown)).body).toMatchObject({ paused: true });
    expect((await ring.post(`${path}/resume`, {})).body).toMatchObject({ paused: false, changed: true });
    expect((await ring.ended(id, TIMEOUT_MS)).status).toBe('COMPLETED');
    expect(await completed(id)).toBe(ITEMS);
    expect(await ring.events(id, 'execution.paused')).toHaveLength(1);
    expect(await ring.events(id, 'execution.resumed')).toHaveLength(1);
    const late = await ring.post(`${path}/pause`, {});
    expect(late).toMatchObject({ status: 409, body: { code: 'EXECUTION_ENDED' } });
  },
  TIMEOUT_MS,
);

test(
  'what is paused can be cancelled, by many at once; there is one end',
  async () => {
    const id = await start('cancelled', 0.3);
    await ring.post(`/api/executions/${id}/pause`, {});
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        ring.post(`/api/executions/${id}/${n % 4 === 3 ? 'resume' : 'cancel'}`, {}),
      ),
    );
    expect((await ring.ended(id)).status).toBe('CANCELLED');
    expect(await ring.events(id, 'execution.cancelled')).toHaveLength(1);
  },
  TIMEOUT_MS,
);

test(
  'cancel ends code that runs for long, and its worker goes on with others',
  async () => {
    const id = await start('sleeping', 600);
    await ring.post(`/api/executions/${id}/cancel`, {});
    expect((await ring.ended(id)).status).toBe('CANCELLED');
    const next = await start('after', 0.01);
    expect((await ring.ended(next, 30_000)).status).toBe('COMPLETED');
    const { body } = await ring.get<
      Record<'total' | 'pending' | 'running' | 'succeeded' | 'failed' | 'aborted', number>
    >(`/api/executions/${id}/loops/start`);
    expect(body.succeeded + body.failed + body.pending + body.running + body.aborted).toBe(body.total);
  },
  TIMEOUT_MS,
);

test(
  'a cancel that is answered starts nothing after five seconds, whatever is delivered again',
  async () => {
    const server = await startProbeServer({});
    const bus = await connectBus({ url: platform.natsUrl, name: 'test' });
    const url = `${server.url}/cancel?ms=30&i={{ iter.item }}`;
    const steps = [
      { step: 'start', loop: { in: '{{ range(5000) }}', iterator: 'item' }, tool: { kind: 'http', url } },
    ];
    const metadata = { name: 'bound', path: 'pause/bound' };
    const document = { apiVersion: 'noetl.io/v2', kind: 'Playbook', metadata, workflow: steps };
    const id = await ring.execute(await ring.register(JSON.stringify(document)));
    const times = (): number[] => server.probe('cancel').times;
    await waitFor(() => times().length > 100, { what: 'items that run' });
    await ring.post(`/api/executions/${id}/cancel`, {});
    const answered = performance.now();
    const commands = await ring.sql<RoutedCommand>(
      'SELECT execution_id::text, command_id::text, lane, pool FROM noetl.command WHERE execution_id = $1',
      [id],
    );
    for (const command of commands)
      await publishCommand(bus, command, { dedupe: `${command.command_id}:again` });
    const loop = async (): Promise<Record<string, number>> =>
      (await ring.get<Record<string, number>>(`/api/executions/${id}/loops/start`)).body;
    const closed = async (): Promise<boolean> => (await loop())['running'] === 0 && (await leased(id)) === 0;
    await waitFor(closed, { what: 'the end of what ran', timeoutMs: TIMEOUT_MS });
    expect(Math.max(...times()) - answered).toBeLessThan(5_000);
    const { succeeded = 0, failed = 0, aborted = 0, total } = await loop();
    expect(succeeded + failed + aborted).toBe(total);
    expect(aborted).toBeGreaterThan(0);
    await bus.close();
    await server.stop();
  },
  TIMEOUT_MS,
);

test(
  'an execution that takes longer than its playbook allows fails, once',
  async () => {
    const id = await start('overdue', 600, { timeout: 3 });
    const execution = await ring.ended(id, 30_000);
    expect(execution).toMatchObject({ status: 'FAILED', result: { error: { code: 'EXECUTION_TIMEOUT' } } });
    expect(await ring.events(id, 'playbook.failed')).toHaveLength(1);
    const wrong = { path: 'pause/overdue', timeout: 0 };
    expect(await ring.post('/api/execute', wrong)).toMatchObject({
      status: 400,
      body: { code: 'BODY_INVALID' },
    });
    const sooner = await ring.post<{ execution_id: string }>('/api/execute', {
      path: 'pause/overdue',
      timeout: 0.5,
    });
    expect((await ring.ended(sooner.body.execution_id, 30_000)).status).toBe('FAILED');
  },
  TIMEOUT_MS,
);

test(
  'cancel, failure and completion at once: each execution ends once, as its row says',
  async () => {
    const code = 'def main(x):\n  if x % 2:\n    raise ValueError("odd")\n  return x';
    const document = {
      apiVersion: 'noetl.io/v2',
      kind: 'Playbook',
      metadata: { name: 'race', path: 'pause/race' },
      workflow: [{ step: 'start', tool: { kind: 'python', args: { x: '{{ workload.x }}' }, code } }],
    };
    const path = await ring.register(JSON.stringify(document));
    const ids = await Promise.all(
      Array.from({ length: 40 }, async (_, x) => {
        const id = await ring.execute(path, { x });
        const cancel = (): Promise<unknown> => ring.post(`/api/executions/${id}/cancel`, {});
        if (x % 4 > 1) await Promise.all([cancel(), cancel(), cancel()]);
        return id;
      }),
    );
    for (const id of ids) {
      const { status } = await ring.ended(id, TIMEOUT_MS);
      const terminal = await ring.sql<{ event_type: string; status: string }>(
        `SELECT event_type, status FROM noetl.event WHERE execution_id = $1
         AND event_type IN ('playbook.completed', 'playbook.failed', 'execution.cancelled')`,
        [id],
      );
      expect(terminal).toMatchObject([{ status }]);
    }
  },
  TIMEOUT_MS,
);
