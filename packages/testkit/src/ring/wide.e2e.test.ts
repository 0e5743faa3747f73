/** Deep and wide: long chains, many branches into one join, loops entered again and again, children of children. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  platform = await startPlatform({ workers: 1 });
  ring = await RingClient.connect(platform);
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

function document(path: string, steps: unknown[], workload: unknown = {}): string {
  const metadata = { name: path.split('/').at(-1), path };
  return JSON.stringify({ apiVersion: 'noetl.io/v2', kind: 'Playbook', metadata, workload, workflow: steps });
}

const noop = (step: string, arcs: unknown[] = [], spec: object = { mode: 'exclusive' }): object => ({
  step,
  tool: { kind: 'noop' },
  ...(arcs.length > 0 && { next: { spec, arcs } }),
});

describe('deep and wide', () => {
  test('1,000 chained steps', async () => {
    const steps = Array.from({ length: 1_000 }, (_, index) =>
      noop(`s${String(index)}`, index < 999 ? [{ step: `s${String(index + 1)}` }] : []),
    );
    const { execution_id, status } = await ring.run(await ring.register(document('wide/chain', steps)));
    expect(status).toBe('COMPLETED');
    expect(await ring.events(execution_id, 'step.exit')).toHaveLength(1_000);
  }, 120_000);

  test('500 parallel branches joined once', async () => {
    const branches = Array.from({ length: 500 }, (_, index) => `b${String(index)}`);
    const all = branches.map((step) => ({ step }));
    const steps = [
      noop('start', all, { mode: 'inclusive' }),
      ...branches.map((step) => noop(step, [{ step: 'join' }])),
      noop('join'),
    ];
    const { execution_id, status } = await ring.run(await ring.register(document('wide/branches', steps)));
    expect(status).toBe('COMPLETED');
    const exits = (await ring.events(execution_id, 'step.exit')).map((event) => event.node_name);
    expect(exits).toHaveLength(502);
    expect(exits.filter((name) => name === 'join')).toHaveLength(1);
    expect(exits.at(-1)).toBe('join');
  }, 120_000);

  test('100 entries of one loop step, each with its own results', async () => {
    const count = '{{ (ctx.round | default(1)) + 1 }}';
    const steps = [
      {
        step: 'each',
        loop: { in: '{{ [1, 2, 3] }}', iterator: 'n', spec: { mode: 'parallel' } },
        tool: { kind: 'noop', result: '{{ iter.n * (ctx.round | default(1)) }}' },
        next: { arcs: [{ step: 'check' }] },
      },
      {
        step: 'check',
        tool: { kind: 'noop', result: '{{ each.results | sum }}' },
        set: { 'ctx.round': count, 'ctx.total': '{{ (ctx.total | default(0)) + check }}' },
        next: { arcs: [{ step: 'each', when: '{{ ctx.round <= 100 }}' }, { step: 'end' }] },
      },
      { step: 'end', tool: { kind: 'noop', result: '{{ ctx.total }}' } },
    ];
    const path = await ring.register(document('wide/again', steps));
    const { execution_id, status, result } = await ring.run(path);
    expect(status).toBe('COMPLETED');
    // 6 × (1 + 2 + … + 100)
    expect(result).toBe(30_300);
    expect(await ring.events(execution_id, 'loop.done')).toHaveLength(100);
  }, 120_000);

  test('children of children, 20 deep', async () => {
    const child = {
      kind: 'playbook',
      path: 'wide/deep',
      return_step: 'up',
      input: { depth: '{{ depth - 1 }}' },
    };
    const level = '{{ (down.level if down is defined else -1) + 1 }}';
    const steps = [
      noop('start', [{ step: 'down', when: '{{ depth > 0 }}' }, { step: 'bottom' }]),
      { step: 'down', tool: child, next: { arcs: [{ step: 'up' }] } },
      { step: 'bottom', tool: { kind: 'noop' }, next: { arcs: [{ step: 'up' }] } },
      { step: 'up', tool: { kind: 'noop', result: { level } } },
    ];
    const path = await ring.register(document('wide/deep', steps, { depth: 0 }));
    const { status, result } = await ring.run(path, { depth: 20 });
    expect(status).toBe('COMPLETED');
    expect(result).toMatchObject({ level: 20 });
  }, 120_000);

  test('200 children at once on two slots', async () => {
    const twice = { step: 'start', tool: { kind: 'noop', result: { twice: '{{ n * 2 }}' } } };
    await ring.register(document('wide/child', [twice]));
    const steps = [
      {
        step: 'all',
        loop: { in: '{{ range(200) }}', iterator: 'n', spec: { mode: 'parallel', max_in_flight: 200 } },
        tool: { kind: 'playbook', path: 'wide/child', return_step: 'start', input: { n: '{{ iter.n }}' } },
        next: { arcs: [{ step: 'sum' }] },
      },
      { step: 'sum', tool: { kind: 'noop', result: '{{ all.results | map(attribute="twice") | sum }}' } },
    ];
    const path = await ring.register(document('wide/children', steps));
    const { execution_id, status, result } = await ring.run(path, {}, 120_000);
    expect(status).toBe('COMPLETED');
    expect(result).toBe(199 * 200);
    const [counted] = await ring.sql<{ children: number }>(
      'SELECT count(*)::int AS children FROM noetl.execution WHERE parent_execution_id = $1',
      [execution_id],
    );
    expect(counted?.children).toBe(200);
  }, 180_000);

  test('cancelling the parent cancels what is below', async () => {
    const sleep = { kind: 'python', code: 'import time\ntime.sleep(30)\nresult = 1' };
    await ring.register(document('wide/slow', [{ step: 'start', tool: sleep }]));
    const step = { step: 'start', tool: { kind: 'playbook', path: 'wide/slow', return_step: 'start' } };
    const id = await ring.execute(await ring.register(document('wide/cancelled', [step])));
    const child = async (): Promise<{ id: string; status: string } | undefined> => {
      const [row] = await ring.sql<{ id: string; status: string }>(
        'SELECT execution_id::text AS id, status FROM noetl.execution WHERE parent_execution_id = $1',
        [id],
      );
      return row;
    };
    const running = await waitFor(
      async () => {
        const row = await child();
        return row?.status === 'RUNNING' && row;
      },
      { what: 'the child to run' },
    );
    const { body } = await ring.post<{ cancelled_executions: string[] }>(`/api/executions/${id}/cancel`, {});
    expect(body.cancelled_executions).toEqual([id, running.id]);
    expect((await ring.ended(running.id)).status).toBe('CANCELLED');
    expect((await ring.execution(id)).status).toBe('CANCELLED');
  });
});
