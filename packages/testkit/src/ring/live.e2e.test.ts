/** What the console reads: live counters, the map of a loop, previews, the graph, checks without registering. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fetchAsAdmin } from '../auth.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { RingClient } from './client.ts';

const ITEMS = 5_000;

let platform: TestPlatform;
let ring: RingClient;
let id: string;
let path: string;

beforeAll(async () => {
  platform = await startPlatform({ workers: 1 });
  ring = await RingClient.connect(platform);
  await ring.register(PLAYBOOK);
  id = await ring.execute('live/loop', { size: ITEMS });
  path = `/api/executions/${id}/loops/work`;
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

const PLAYBOOK = `apiVersion: noetl.io/v2
kind: Playbook
metadata: { name: live, path: live/loop }
workload: { size: 10 }
workflow:
  - step: work
    loop: { in: "{{ range(workload.size) }}", iterator: n, spec: { mode: parallel, policy: { on_error: continue } } }
    tool:
      kind: python
      args: { n: "{{ iter.n }}" }
      code: |
        def main(n):
            if n % 1000 == 999:
                raise ValueError("no")
            return {"text": "x" * 300, "n": n}
    next: { arcs: [{ step: last, when: "{{ true }}" }] }
  - step: last
    tool: { kind: noop }
`;

/** The values of a stream, until it says that it has ended. */
async function streamed<T>(url: string): Promise<T[]> {
  const response = await fetchAsAdmin(`${platform.url}${url}`, { headers: { accept: 'text/event-stream' } });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const blocks = (await response.text()).trim().split('\n\n');
  expect(blocks.at(-1)).toBe('event: end\ndata: {}');
  return blocks.filter((block) => block.startsWith('data: ')).map((block) => JSON.parse(block.slice(6)) as T);
}

test('counters come over a stream, which ends with the last of them', async () => {
  const values = await streamed<{ results_written: number; failed: number; status: string }>(path);
  expect(values.at(-1)).toMatchObject({ results_written: ITEMS, failed: 5, status: 'COMPLETED' });
  const written = values.map((value) => value.results_written);
  expect(written).toEqual([...written].sort((a, b) => a - b));
});

test('the summary of an execution holds its steps and loops, and no payloads', async () => {
  await ring.ended(id);
  const values = await streamed<Record<string, unknown>>(`/api/executions/${id}/summary`);
  const last = values.at(-1);
  expect(last).toMatchObject({
    status: 'COMPLETED',
    path: 'live/loop',
    loops: [{ step: 'work', total: ITEMS }],
  });
  expect(
    (last?.['steps'] as { step: string; result: unknown }[]).map(({ step, result }) => [step, result]),
  ).toEqual([
    ['work', null],
    ['last', null],
  ]);
  expect(last).not.toHaveProperty('payload');
});

test('the map counts every item once, where it lies and when it was done', async () => {
  const { body } = await ring.get<{
    done: number[];
    failed: number[];
    throughput: number[];
    running: unknown[];
  }>(`${path}/map?buckets=50`);
  expect(body.done).toEqual(new Array(50).fill(100));
  expect(body.failed.flatMap((n, bucket) => (n > 0 ? [[bucket, n]] : []))).toEqual([
    [9, 1],
    [19, 1],
    [29, 1],
    [39, 1],
    [49, 1],
  ]);
  expect(body.throughput.reduce((sum, n) => sum + n, 0)).toBe(ITEMS);
  expect(body.running).toEqual([]);
  const small = await ring.get<{ done: number[] }>(`${path}/map?buckets=1`);
  expect(small.body.done).toEqual([ITEMS]);
});

test('a preview is the beginning of what there is', async () => {
  const { body } = await ring.get<{ items: { result: string; current_index: number }[]; next: number }>(
    `${path}/items?after=9&limit=2&preview=20`,
  );
  expect(body.items.map(({ current_index, result }) => [current_index, result.length])).toEqual([
    [10, 20],
    [11, 20],
  ]);
  expect(body.items[0]?.result).toMatch(/^\{"(n|text)": /);
  expect(body.next).toBe(11);
});

test('events may come without results; executions by the time they started', async () => {
  const { body } = await ring.get<{ events: object[] }>(`/api/executions/${id}/events?results=false`);
  expect(body.events.length).toBeGreaterThan(3);
  for (const event of body.events) expect(event).not.toHaveProperty('result');
  const since = (time: string): Promise<{ body: { executions: unknown[] } }> =>
    ring.get(`/api/executions?since=${encodeURIComponent(time)}`);
  expect((await since('2020-01-01T00:00:00Z')).body.executions).toHaveLength(1);
  expect((await since('2049-01-01T00:00:00Z')).body.executions).toEqual([]);
  expect((await ring.get('/api/executions?since=yesterday')).status).toBe(400);
});

test('the graph has every step and arc', async () => {
  const { body } = await ring.get(`/api/executions/${id}/graph`);
  expect(body).toMatchObject({
    entry_step: 'work',
    steps: [
      { name: 'work', kinds: ['python'], loop: true },
      { name: 'last', kinds: ['noop'], loop: false },
    ],
    arcs: [{ from: 'work', to: 'last', conditional: true }],
  });
});

test('a check registers nothing and says everything', async () => {
  const check = (
    yaml: string,
  ): Promise<{ status: number; body: { valid: boolean; faults: { place: object }[] } }> =>
    ring.post('/api/catalog/validate', yaml, 'application/yaml');
  const good = await check(PLAYBOOK);
  expect(good.body).toMatchObject({ valid: true, faults: [], workload: { size: 10 }, path: 'live/loop' });
  const bad = await check(PLAYBOOK.replace('step: last, when', 'step: lost, when'));
  expect(bad.status).toBe(200);
  expect(bad.body).toMatchObject({ valid: false, faults: [{ code: 'STEP_UNKNOWN', place: { line: 16 } }] });
  const { body } = await ring.get<{ versions: unknown[] }>('/api/catalog/live/loop');
  expect(body.versions).toHaveLength(1);
});
