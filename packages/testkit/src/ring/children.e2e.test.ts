/** Child playbooks: what comes back, what happens when they fail or take too long, and that nobody waits in vain. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  platform = await startPlatform({ workers: 1, env: { NOETL_LEASE_MS: '4000', NOETL_HEARTBEAT_MS: '1000' } });
  ring = await RingClient.connect(platform);
  await register('child/double', '- {step: start, tool: {kind: noop, result: {twice: "{{ n * 2 }}"}}}');
  await register(
    'child/slow',
    '- {step: start, tool: {kind: python, input: {seconds: "{{ seconds }}"}, code: "import time\\ntime.sleep(float(seconds))\\nresult = {\\"slept\\": seconds}"}}',
    'workload: {seconds: 1}',
  );
  await register(
    'child/broken',
    '- {step: start, tool: {kind: python, code: "raise ValueError(\\"broken\\")"}}',
  );
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

function register(path: string, steps: string, more = ''): Promise<string> {
  return ring.register(
    `apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x, path: ${path}}\n${more}\nworkflow:\n${steps}`,
  );
}

const children = (id: string): Promise<{ id: string; status: string; path: string }[]> =>
  ring.sql(
    `SELECT execution_id::text AS id, status, path FROM noetl.execution
     WHERE parent_execution_id = $1 ORDER BY execution_id`,
    [id],
  );

describe('what comes back', () => {
  test('the value of the step that was asked for, and which child it was', async () => {
    const path = await register(
      'parent/value',
      '- {step: start, tool: {kind: playbook, path: child/double, return_step: start, input: {n: 21}}}',
    );
    const { execution_id, status, result } = await ring.run(path);
    expect(status).toBe('COMPLETED');
    const [child] = await children(execution_id);
    const _child = { execution_id: child?.id, status: 'COMPLETED', path: 'child/double' };
    expect(result).toEqual({ twice: 42, _child });
  });

  test('without a step to return nobody waits', async () => {
    const path = await register('parent/free', '- {step: start, tool: {kind: playbook, path: child/slow}}');
    const { execution_id, result } = await ring.run(path);
    const [child] = await children(execution_id);
    expect(result).toMatchObject({ status: 'started', async: true, execution_id: child?.id });
    expect((await ring.ended(child?.id ?? '0')).status).toBe('COMPLETED');
  });

  test('a pipeline goes on where it was: what ran before the child does not run again', async () => {
    await ring.sql('CREATE TABLE public.ran (task text)');
    const path = await register(
      'parent/pipeline',
      `- step: start
  tool:
    - {name: before, kind: python, code: "result = {\\"made\\": 5}", set: {iter.made: "{{ output.data.made }}", ctx.seen: yes}}
    - {name: child, kind: playbook, path: child/double, return_step: start, input: {n: "{{ before.made }}"}}
    - {name: after, kind: noop, result: {sum: "{{ _prev.twice + iter.made + results.before.made }}", seen: "{{ ctx.seen }}"}}`,
    );
    const { execution_id, status, result } = await ring.run(path);
    expect(status).toBe('COMPLETED');
    expect(result).toMatchObject({ sum: 20, seen: 'yes' });
    expect(await children(execution_id)).toHaveLength(1);
    const [exit] = await ring.events(execution_id, 'step.exit');
    expect(exit?.meta).toMatchObject({ attempts: 3 });
  });

  test('children of a sequential loop run one after another, in order', async () => {
    const path = await register(
      'parent/sequence',
      `- step: each
  loop: {in: "{{ [3, 1, 2] }}", iterator: n}
  tool: {kind: playbook, path: child/double, return_step: start, input: {n: "{{ iter.n }}"}}`,
    );
    const { execution_id, result } = await ring.run(path);
    const { results } = result as { results: { twice: number; _child: { execution_id: string } }[] };
    expect(results.map((item) => item.twice)).toEqual([6, 2, 4]);
    const started = (await children(execution_id)).map((child) => child.id);
    expect(results.map((item) => item._child.execution_id)).toEqual(started);
  });
});

describe('failures', () => {
  test('a failing child fails its parent, with its reason and its id', async () => {
    const path = await register(
      'parent/broken',
      '- {step: start, tool: {kind: playbook, path: child/broken, return_step: start}}',
    );
    const { execution_id, status, error } = await ring.run(path);
    const [child] = await children(execution_id);
    expect(status).toBe('FAILED');
    expect(error).toContain(`the child child/broken (${child?.id ?? ''}) ended FAILED`);
    expect(error).toContain('ValueError: broken');
  });

  test('a rule may try again with a new child, and then go on', async () => {
    const rules = `rules: [{when: "{{ output.status == 'error' and _attempt < 3 }}", then: {do: retry, attempts: 3, delay: 0}}, {else: {then: {do: continue}}}]`;
    const path = await register(
      'parent/again',
      `- step: start
  tool: {kind: playbook, path: child/broken, return_step: start, spec: {policy: {${rules}}}}
  next: {arcs: [{step: end}]}
- {step: end, tool: {kind: noop, result: went on}}`,
    );
    const { execution_id, status, result } = await ring.run(path);
    expect([status, result]).toEqual(['COMPLETED', 'went on']);
    expect(await children(execution_id)).toHaveLength(3);
  });

  test('a child has the time-out of its own playbook', async () => {
    await ring.register(
      JSON.stringify({
        apiVersion: 'noetl.io/v2',
        kind: 'Playbook',
        metadata: { name: 'bounded', path: 'child/bounded' },
        executor: { spec: { timeout: 0.5 } },
        workflow: [{ step: 'start', tool: { kind: 'python', code: 'import time; time.sleep(60)' } }],
      }),
    );
    const path = await register(
      'parent/bounded',
      '- {step: start, tool: {kind: playbook, path: child/bounded, return_step: start}}',
    );
    const { status, error } = await ring.run(path);
    expect(status).toBe('FAILED');
    expect(error).toContain('the execution did not end in time');
  });

  test('one that takes too long is cancelled', async () => {
    const path = await register(
      'parent/late',
      '- {step: start, tool: {kind: playbook, path: child/slow, return_step: start, timeout: 0.5, input: {seconds: 60}}}',
    );
    const { execution_id, status, error } = await ring.run(path);
    expect(status).toBe('FAILED');
    expect(error).toContain('did not end within the timeout');
    const [child] = await children(execution_id);
    expect((await ring.ended(child?.id ?? '0')).status).toBe('CANCELLED');
  });

  test.each([
    ['no such playbook', 'path: child/nowhere', 'the catalog has no playbook "child/nowhere"'],
    ['no path', 'return_step: x', 'needs `path`'],
  ])('%s', async (_, tool, message) => {
    const path = await register('parent/wrong', `- {step: start, tool: {kind: playbook, ${tool}}}`);
    const { status, error } = await ring.run(path);
    expect(status).toBe('FAILED');
    expect(error).toContain(message);
  });

  test('a playbook that starts itself without end is stopped', async () => {
    const path = await register(
      'parent/self',
      '- {step: start, tool: {kind: playbook, path: parent/self, return_step: start}}',
    );
    const { status, error } = await ring.run(path);
    expect(status).toBe('FAILED');
    expect(error).toContain('children nest deeper than 64');
  });
});

describe('cancel', () => {
  const parent = `- step: start
  tool: {kind: playbook, path: child/slow, return_step: start, input: {seconds: 60}}`;
  const running = async (): Promise<{ id: string; child: string }> => {
    const id = await ring.execute(await register('parent/cancelled', parent));
    const [child] = await waitFor(
      async () => {
        const all = await children(id);
        return all[0]?.status === 'RUNNING' && all;
      },
      { what: 'a child that runs' },
    );
    return { id, child: child?.id ?? '' };
  };

  test('goes down to the children', async () => {
    const { id, child } = await running();
    const { body } = await ring.post(`/api/executions/${id}/cancel`, {});
    expect(body).toMatchObject({ status: 'cancelled', cancelled_executions: [id, child] });
    expect((await ring.ended(child)).status).toBe('CANCELLED');
  });

  test('leaves them alone when it is told to', async () => {
    const { id, child } = await running();
    await ring.post(`/api/executions/${id}/cancel`, { cascade: false });
    expect((await ring.ended(id)).status).toBe('CANCELLED');
    expect((await ring.execution(child)).status).toBe('RUNNING');
    await ring.post(`/api/executions/${child}/cancel`, {});
  });

  test('of a child is a failure of its parent, which rules can tell', async () => {
    const { id, child } = await running();
    await ring.post(`/api/executions/${child}/cancel`, { reason: 'no more' });
    const { status, error } = await ring.ended(id);
    expect(status).toBe('FAILED');
    expect(error).toContain(`the child child/slow (${child}) ended CANCELLED`);
  });
});

test('many that wait, three deep, take no slot of the one worker', async () => {
  await register(
    'child/middle',
    '- {step: start, tool: {kind: playbook, path: child/double, return_step: start, input: {n: "{{ n }}"}}}',
  );
  const path = await register(
    'parent/deep',
    `- step: each
  loop: {in: "{{ range(12) }}", iterator: n, spec: {mode: parallel, max_in_flight: 12}}
  tool: {kind: playbook, path: child/middle, return_step: start, input: {n: "{{ iter.n }}"}}`,
  );
  const { status, result } = await ring.run(path);
  expect(status).toBe('COMPLETED');
  const { results } = result as { results: { twice: number }[] };
  expect(results.map(({ twice }) => twice)).toEqual(Array.from({ length: 12 }, (_, n) => n * 2));
});

describe('kill -9', () => {
  test('of the worker, the api and the aggregator while a parent waits', async () => {
    const path = await register(
      'parent/killed',
      `- step: each
  loop: {in: "{{ range(6) }}", iterator: n, spec: {mode: parallel, max_in_flight: 6}}
  tool: {kind: playbook, path: child/slow, return_step: start, input: {seconds: 0.4}}`,
    );
    const id = await ring.execute(path);
    const waiting = async (): Promise<boolean> =>
      (await ring.sql(`SELECT 1 FROM noetl.command WHERE execution_id = $1 AND state = 'waiting'`, [id]))
        .length === 6;
    await waitFor(waiting, { what: 'six waiting commands' });
    await Promise.all(['worker-1', 'api', 'aggregator'].map((name) => platform.kill(name)));
    for (const name of ['aggregator', 'worker-1', 'api']) await platform.restart(name);
    const { status, result } = await ring.ended(id);
    expect(status).toBe('COMPLETED');
    expect((result as { stats: object }).stats).toMatchObject({ total: 6, success: 6 });
    expect(await children(id)).toHaveLength(6);
  });

  test('no more children at once than max_in_flight', async () => {
    const path = await register(
      'parent/bounded',
      `- step: each
  loop: {in: "{{ range(9) }}", iterator: n, spec: {mode: parallel, max_in_flight: 3}}
  tool: {kind: playbook, path: child/slow, return_step: start, input: {seconds: 0.05}}`,
    );
    const { execution_id, status } = await ring.run(path);
    expect(status).toBe('COMPLETED');
    const [most] = await ring.sql<{ most: number }>(
      `SELECT max(running)::int AS most FROM (
         SELECT (SELECT count(*) FROM noetl.execution AS o WHERE o.parent_execution_id = $1
           AND o.start_time <= e.start_time AND o.end_time > e.start_time) AS running
         FROM noetl.execution AS e WHERE e.parent_execution_id = $1) AS at_once`,
      [execution_id],
    );
    expect(most?.most).toBeLessThanOrEqual(3);
  });
});
