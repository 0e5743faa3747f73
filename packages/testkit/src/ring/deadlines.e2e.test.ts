/** `spec.timeout` of a step: whatever it runs, waits for or has lost, it ends in time, and can be routed or redriven. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  platform = await startPlatform({
    workers: 1,
    env: { NOETL_HEARTBEAT_MS: '300', NOETL_LEASE_MS: '1500', NOETL_SWEEP_MS: '200' },
  });
  ring = await RingClient.connect(platform);
  // A runner is there, so that what follows takes as long as its items.
  await ring.run(await register('warm', [{ step: 'slow', tool: sleeping(0) }]));
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

const SLEEP = `import time
def main(seconds):
  time.sleep(seconds)
  return seconds`;

const sleeping = (seconds: unknown): object => ({ kind: 'python', args: { seconds }, code: SLEEP });

async function register(name: string, workflow: object[], workload: object = {}): Promise<string> {
  return ring.register(
    JSON.stringify({
      apiVersion: 'noetl.io/v2',
      kind: 'Playbook',
      metadata: { name, path: `deadlines/${name}` },
      workload,
      workflow,
    }),
  );
}

test('a step that takes too long fails, its code is ended, and the worker has its slot again', async () => {
  const path = await register(
    'step',
    [
      {
        step: 'slow',
        spec: { timeout: '{{ workload.seconds }}' },
        tool: sleeping(3600),
        next: { arcs: [{ step: 'late', when: "{{ event.name == 'call.error' }}" }] },
      },
      {
        step: 'late',
        tool: {
          kind: 'python',
          args: { error: '{{ slow.error }}' },
          code: 'def main(error):\n  return error["code"]',
        },
      },
    ],
    { seconds: 0.5 },
  );
  // More than the worker has slots: those that timed out must have left theirs.
  const ids = await Promise.all(Array.from({ length: 6 }, () => ring.execute(path)));
  for (const id of ids) {
    expect(await ring.ended(id)).toMatchObject({ status: 'COMPLETED' });
    expect(await ring.stepResult(id, 'late')).toBe('STEP_TIMEOUT');
  }
});

test('it fails though nobody is there to run it', async () => {
  const path = await register('nobody', [{ step: 'slow', spec: { timeout: 0.5 }, tool: sleeping(0) }]);
  await platform.kill('worker-1');
  const ended = await ring.ended(await ring.execute(path));
  expect(ended).toMatchObject({ status: 'FAILED', error: 'step "slow" did not end within 0.5 s' });
  await platform.restart('worker-1');
});

test('a loop stops as it stands, its counters add up, and the rest can be redriven', async () => {
  const path = await register('loop', [
    {
      step: 'items',
      spec: { timeout: 8 },
      loop: { in: '{{ range(100) }}', iterator: 'item', spec: { policy: { on_error: 'continue' } } },
      tool: sleeping('{{ 0.05 if iter.item < 60 else 3600 }}'),
    },
  ]);
  const id = await ring.execute(path);
  expect(await ring.ended(id)).toMatchObject({
    status: 'FAILED',
    error: 'the loop of step "items" failed: step "items" did not end within 8 s',
  });
  const loop = (await ring.get(`/api/executions/${id}/loops/items`)).body as Record<string, number>;
  expect(loop).toMatchObject({ status: 'FAILED', total: 100, failed: 0, running: 0, pending: 0, aborted: 0 });
  expect(loop['succeeded']).toBeGreaterThan(0);
  expect(loop['succeeded']).toBeLessThanOrEqual(60);
  expect((loop['succeeded'] ?? 0) + (loop['timed_out'] ?? 0)).toBe(100);
  const open = await ring.sql(
    `SELECT 1 FROM noetl.command WHERE execution_id = $1 AND state NOT IN ('done', 'cancelled')`,
    [id],
  );
  expect(open).toEqual([]);
  // The redrive has a time of its own, and runs out of it again.
  await ring.post(`/api/executions/${id}/redrive`, { step: 'items', state: 'not_started' });
  const again = async (): Promise<boolean> => (await ring.events(id, 'loop.done')).length === 2;
  await waitFor(again, { what: 'the end of the redrive' });
  expect((await ring.ended(id)).error).toContain('did not end within 8 s');
});

test('a step that waits for a child in vain takes the child with it', async () => {
  await register('child', [{ step: 'slow', tool: sleeping(3600) }]);
  const path = await register('parent', [
    {
      step: 'call',
      spec: { timeout: 1 },
      tool: { kind: 'playbook', path: 'deadlines/child', return_step: 'slow' },
    },
  ]);
  const id = await ring.execute(path);
  expect(await ring.ended(id)).toMatchObject({
    status: 'FAILED',
    error: 'step "call" did not end within 1 s',
  });
  const [child] = await ring.sql<{ execution_id: string }>(
    'SELECT execution_id::text FROM noetl.execution WHERE parent_execution_id = $1',
    [id],
  );
  expect((await ring.ended(child?.execution_id ?? '')).status).toBe('CANCELLED');
});

test('what is no time is refused, at registration or when the step is entered', async () => {
  const bad = { step: 'slow', spec: { timeout: 'soon' }, tool: sleeping(0) };
  await expect(register('bad', [bad])).rejects.toThrow(/PLAYBOOK_INVALID.*number of seconds above 0/);
  const path = await register('none', [{ ...bad, spec: { timeout: '{{ workload.missing }}' } }]);
  const ended = await ring.ended(await ring.execute(path));
  expect(ended).toMatchObject({ status: 'FAILED' });
  expect(ended.error).toContain('spec.timeout must be a number of seconds above 0');
});
