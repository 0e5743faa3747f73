/** Worker pools: a step runs where it says, waits while nobody of that pool lives, and holds up nobody else. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPlatform, waitFor, type TestPlatform } from '../index.ts';
import { RingClient } from './client.ts';

const GPU_WORKER = 'worker-2';

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  platform = await startPlatform({
    workers: 2,
    envOf: (name) => (name === GPU_WORKER ? { NOETL_WORKER_POOL: 'gpu' } : {}),
  });
  ring = await RingClient.connect(platform);
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

const work = { kind: 'python', input: { n: '{{ n }}' }, code: 'result = {"n": n}' };

function document(path: string, workflow: object[], executor?: object): string {
  const metadata = { name: path, path };
  return JSON.stringify({
    apiVersion: 'noetl.io/v2',
    kind: 'Playbook',
    metadata,
    ...(executor && { executor }),
    workflow,
  });
}

const loop = (items: number): object => ({
  in: `{{ range(${String(items)}) | list }}`,
  iterator: 'n',
  spec: { mode: 'parallel' },
});

/** Pools of the workers that ran a step or its items. */
async function ranIn(executionId: string, step: string): Promise<string[]> {
  const rows = await ring.sql<{ pool: string }>(
    `SELECT DISTINCT r.labels ->> 'pool' AS pool FROM noetl.event AS e JOIN noetl.runtime AS r ON r.name = e.worker_id
     WHERE e.execution_id = $1 AND e.node_name = $2 AND e.event_type = 'step.exit'`,
    [executionId, step],
  );
  return rows.map(({ pool }) => pool);
}

describe('pools', () => {
  test('steps and items run in the pool of their step, the others in the default one', async () => {
    const path = await ring.register(
      document('pools/mixed', [
        { step: 'start', tool: { kind: 'python', code: 'result = 1' }, next: { arcs: [{ step: 'many' }] } },
        {
          step: 'many',
          loop: loop(300),
          spec: { pool: 'gpu' },
          tool: work,
          next: { arcs: [{ step: 'one' }] },
        },
        {
          step: 'one',
          spec: { pool: '{{ workload.place }}' },
          tool: { kind: 'python', code: 'result = 2' },
          next: { arcs: [{ step: 'last' }] },
        },
        { step: 'last', loop: loop(100), tool: work },
      ]),
    );
    const { status, execution_id } = await ring.run(path, { workload: { place: 'gpu' } });
    expect(status).toBe('COMPLETED');
    const pools = await Promise.all(
      ['start', 'many', 'one', 'last'].map((step) => ranIn(execution_id, step)),
    );
    expect(pools).toEqual([['default'], ['gpu'], ['gpu'], ['default']]);
  });

  test('executor.spec.pool stands for all steps that name none', async () => {
    const steps = [
      { step: 'start', tool: { kind: 'python', code: 'result = 1' }, next: { arcs: [{ step: 'here' }] } },
      { step: 'here', spec: { pool: 'default' }, tool: { kind: 'python', code: 'result = 2' } },
    ];
    const path = await ring.register(document('pools/all', steps, { spec: { pool: 'gpu' } }));
    const { status, execution_id } = await ring.run(path);
    expect(status).toBe('COMPLETED');
    expect([await ranIn(execution_id, 'start'), await ranIn(execution_id, 'here')]).toEqual([
      ['gpu'],
      ['default'],
    ]);
  });

  test('a name that cannot be one is refused where it stands, or fails its step', async () => {
    const written = document('pools/bad', [{ step: 'start', spec: { pool: 'a.b' }, tool: work }]);
    const refused = await ring.post('/api/catalog/register', written, 'application/yaml');
    expect(refused).toMatchObject({ status: 400, body: { code: 'PLAYBOOK_INVALID' } });
    const rendered = document('pools/rendered', [
      { step: 'start', spec: { pool: '{{ workload.x }}' }, tool: work },
    ]);
    const { status, error } = await ring.run(await ring.register(rendered), { workload: { x: 'a b' } });
    expect(status).toBe('FAILED');
    expect(error).toContain('spec.pool');
  });

  test('without workers a pool waits, all others go on, and the first that comes finishes it', async () => {
    await platform.kill(GPU_WORKER);
    const path = await ring.register(
      document('pools/waiting', [{ step: 'start', loop: loop(400), spec: { pool: 'gpu' }, tool: work }]),
    );
    const id = await ring.execute(path);
    const other = await ring.run(
      await ring.register(document('pools/free', [{ step: 'start', tool: work }])),
      {
        workload: { n: 1 },
      },
    );
    expect(other.status).toBe('COMPLETED');
    const remaining = async (): Promise<number> => {
      const text = await (await fetch(platform.metricsUrl('aggregator'))).text();
      return Number(/^noetl_chunks_remaining\{pool="gpu"\} (\d+)/m.exec(text)?.[1] ?? 0);
    };
    await waitFor(async () => (await remaining()) > 0, { what: 'chunks of the pool in the metrics' });
    expect((await ring.execution(id)).status).toBe('RUNNING');
    expect(await ranIn(id, 'start')).toEqual([]);
    await platform.restart(GPU_WORKER);
    expect((await ring.ended(id)).status).toBe('COMPLETED');
    expect(await ring.loopState(id, 'start')).toMatchObject({ collection_size: 400, completed_count: 400 });
    await waitFor(async () => (await remaining()) === 0, { what: 'the metrics to fall to zero' });
  });
});
