/** Loops in all their modes, on the whole product. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { ourPlaybook, RingClient } from './client.ts';

let platform: TestPlatform;
let client: RingClient;

beforeAll(async () => {
  platform = await startPlatform({ workers: 2 });
  client = await RingClient.connect(platform);
});

afterAll(async () => {
  await client.close();
  await platform.stop();
});

/** A playbook whose first step loops; `loop` and `next` are YAML flow text. */
function looping(
  name: string,
  options: { collection: string; code: string; spec?: string; more?: string },
): string {
  return `
apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: ${name}, path: tests/${name} }
workload: { nothing: null }
workflow:
  - step: start
    loop: { in: ${options.collection}, iterator: item, spec: ${options.spec ?? '{mode: parallel}'} }
    tool:
      kind: python
      input: { item: "{{ iter.item }}", total: "{{ ctx.total }}" }
      code: |
        ${options.code}
    next: { arcs: [{ step: report }] }
  - step: report
    tool:
      kind: python
      input: { outcome: "{{ start }}", total: "{{ ctx.total }}" }
      code: 'result = {"stats": outcome["stats"], "results": list(outcome["results"]), "total": total}'
${options.more ?? ''}`;
}

async function runLoop(
  yaml: string,
  payload: unknown = {},
): Promise<{ id: string; status: string; report: Record<string, unknown> | null }> {
  const { execution_id: id, status } = await client.run(await client.register(yaml), payload);
  return { id, status, report: await client.stepResult(id, 'report') };
}

test('hello world', async () => {
  const path = await client.register(await ourPlaybook('examples/hello_world.yaml'));
  const { execution_id: id, status } = await client.run(path, { workload: { name: 'loop' } });
  expect(status).toBe('COMPLETED');
  expect(await client.stepResult(id, 'start')).toEqual({ message: 'Hello loop' });
});

test('on_error: continue keeps the failed items in their place and goes on', async () => {
  const path = await client.register(await ourPlaybook('examples/fan_out_with_failures.yaml'));
  const { execution_id: id, status } = await client.run(path);
  expect(status).toBe('COMPLETED');
  expect(await client.stepResult(id, 'report')).toMatchObject({
    succeeded: 42,
    failed: 8,
    failed_indexes: [0, 7, 14, 21, 28, 35, 42, 49],
  });
});

test('an empty collection completes with empty results', async () => {
  const { status, report } = await runLoop(looping('empty', { collection: '[]', code: 'result = item' }));
  expect(status).toBe('COMPLETED');
  expect(report).toMatchObject({ results: [], stats: { total: 0, success: 0, failed: 0 } });
});

test('a collection that is no list fails with the expression in the message', async () => {
  const yaml = looping('no_list', { collection: "'{{ workload.missing }}'", code: 'result = item' });
  const execution = await client.run(await client.register(yaml));
  expect(execution.status).toBe('FAILED');
  expect(JSON.stringify(execution)).toContain('workload.missing');
  expect(JSON.stringify(execution)).toContain('LOOP_NOT_ITERABLE');
});

test('results are in index order whatever the order of completion', async () => {
  const code = 'import time; time.sleep(0.05 if item % 5 == 0 else 0); result = item * 2';
  const { report } = await runLoop(
    looping('order', { collection: '40', code, spec: '{mode: parallel, max_in_flight: 8}' }),
  );
  expect(report?.['results']).toEqual(Array.from({ length: 40 }, (_, index) => index * 2));
});

test('sequential iterations see what the ones before them wrote', async () => {
  const yaml = `
apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: running_total, path: tests/running_total }
workload: { total: 0 }
workflow:
  - step: start
    loop: { in: '{{ range(1, 101) }}', iterator: item, spec: { mode: sequential } }
    tool:
      - name: add
        kind: python
        input: { item: '{{ iter.item }}', total: '{{ ctx.total }}' }
        code: 'result = {"total": total + item}'
        spec: { policy: { rules: [{ else: { then: { do: continue, set: { ctx.total: '{{ output.data.total }}' } } } }] } }
    next: { arcs: [{ step: report }] }
  - step: report
    tool: { kind: python, input: { total: '{{ ctx.total }}' }, code: 'result = {"total": total}' }
`;
  expect((await runLoop(yaml)).report).toEqual({ total: 5050 });
});

test('sequential mode stops at the first failure and keeps the prefix', async () => {
  const code = 'assert item != 30, "thirty"; result = item';
  const { id, status } = await runLoop(
    looping('prefix', { collection: '100', code, spec: '{mode: sequential}' }),
  );
  expect(status).toBe('FAILED');
  const rows = await client.sql<{ current_index: number; status: string }>(
    "SELECT current_index, status FROM noetl.event WHERE execution_id = $1 AND loop_name = 'start' ORDER BY current_index",
    [id],
  );
  expect(rows).toHaveLength(31);
  expect(rows.at(-1)).toMatchObject({ current_index: 30, status: 'FAILED' });
  const [done] = await client.events(id, 'loop.done');
  expect(done?.result?.['stats']).toEqual({ total: 100, success: 30, failed: 1, not_started: 69 });
});

test('a loop step entered again and two loops at once share nothing', async () => {
  const yaml = `
apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: entered_again, path: tests/entered_again }
workload: { rounds: 0 }
workflow:
  - step: start
    tool: { kind: noop }
    next: { spec: { mode: inclusive }, arcs: [{ step: left }, { step: right }] }
  - step: left
    loop: { in: [1, 2, 3], iterator: item, spec: { mode: parallel } }
    tool: { kind: python, input: { item: '{{ iter.item }}' }, code: 'result = item' }
    next: { arcs: [{ step: count }] }
  - step: count
    tool: { kind: noop }
    set: { ctx.rounds: '{{ ctx.rounds + 1 }}' }
    next: { arcs: [{ step: left, when: '{{ ctx.rounds < 5 }}' }, { step: end }] }
  - step: right
    loop: { in: [10, 20], iterator: item, spec: { mode: parallel } }
    tool: { kind: python, input: { item: '{{ iter.item }}' }, code: 'result = item' }
    next: { arcs: [{ step: end }] }
  - step: end
    tool:
      kind: python
      input: { left: '{{ left.results }}', right: '{{ right.results }}', rounds: '{{ ctx.rounds }}' }
      code: 'result = {"left": left, "right": right, "rounds": rounds}'
`;
  const { execution_id: id, status } = await client.run(await client.register(yaml));
  expect(status).toBe('COMPLETED');
  expect(await client.stepResult(id, 'end')).toEqual({ left: [1, 2, 3], right: [10, 20], rounds: 5 });
  expect(await client.events(id, 'loop.done')).toHaveLength(6);
});

test('cancel ends a running loop and its counters add up', async () => {
  const code = 'import time; time.sleep(0.02); result = item';
  const path = await client.register(looping('cancelled', { collection: '2000', code }));
  const id = await client.execute(path);
  const loop = () => client.get<Record<string, number>>(`/api/executions/${id}/loops/start`);
  await waitFor(async () => ((await loop()).body['succeeded'] ?? 0) > 0, { what: 'the first items' });
  expect((await client.post(`/api/executions/${id}/cancel`, { reason: 'enough' })).status).toBe(200);
  expect((await client.ended(id)).status).toBe('CANCELLED');
  const counters = await waitFor(
    async () => {
      const { body } = await loop();
      return body['running'] === 0 && body;
    },
    { what: 'the last chunk to stop' },
  );
  const names = ['pending', 'running', 'succeeded', 'failed', 'timed_out', 'aborted'];
  expect(names.reduce((sum, name) => sum + (counters[name] ?? 0), 0)).toBe(2000);
  expect(counters['total']).toBe(2000);
});

test('an input that can be rendered for no item fails each of them, and no more', async () => {
  const { id, status } = await runLoop(`
apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: unrenderable, path: tests/unrenderable }
workload: { text: word }
workflow:
  - step: start
    loop: { in: [1, 2, 3], iterator: item, spec: { mode: parallel, policy: { on_error: continue } } }
    tool:
      kind: python
      input: { item: "{{ iter.item }}", broken: "{{ workload.text / 2 }}" }
      code: result = item
    next: { arcs: [{ step: report }] }
  - step: report
    tool:
      kind: python
      input: { outcome: "{{ start }}" }
      code: 'result = {"stats": outcome["stats"]}'
`);
  expect(status).toBe('COMPLETED');
  expect(await client.stepResult(id, 'report')).toMatchObject({ stats: { total: 3, failed: 3 } });
});
