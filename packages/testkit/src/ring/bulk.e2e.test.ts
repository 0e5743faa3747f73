/** One action on many executions: what a filter names and no other, in calls of bounded size; and items by index. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

interface Done {
  count: number;
  changed: string[];
  refused: { execution_id: string; code: string }[];
  next: string | null;
}

const document = (path: string, steps: string): string =>
  `apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x, path: ${path}}\nworkflow:\n${steps}`;
const SLEEPER = '- {step: start, tool: {kind: python, code: "import time; time.sleep(600)"}}';
const SICK = `- step: items
  loop: {in: '{{ range(30) }}', iterator: n, spec: {policy: {on_error: continue}}}
  tool: {kind: python, input: {n: '{{ iter.n }}'}, code: "def main(n):\\n  if n % 10 == 3: raise ValueError(n)\\n  return n"}`;

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  platform = await startPlatform({ workers: 1 });
  ring = await RingClient.connect(platform);
  await ring.register(document('bulk/slow', SLEEPER));
  await ring.register(document('bulk/other', SLEEPER));
  await ring.register(document('bulk/sick', SICK));
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

async function started(path: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push(await ring.execute(path));
  return ids.reverse();
}

async function bulk(verb: string, body: object): Promise<Done> {
  const answer = await ring.post<Done>(`/api/bulk/${verb}`, body);
  expect(answer.status).toBe(200);
  return answer.body;
}

test('those that match are paused, resumed and cancelled, page by page, and no other', async () => {
  const slow = await started('bulk/slow', 3);
  const [other = ''] = await started('bulk/other', 1);
  const filter = { path: 'bulk/slow' };
  const preview = await ring.post('/api/bulk/cancel', { ...filter, dry_run: true });
  expect(preview.body).toMatchObject({
    dry_run: true,
    count: 3,
    more: false,
    sample: slow.map((execution_id) => ({ execution_id, path: 'bulk/slow' })),
  });
  const first = await bulk('pause', { ...filter, limit: 2 });
  expect(first).toMatchObject({ changed: slow.slice(0, 2), refused: [], next: slow[1] });
  expect(await bulk('pause', { ...filter, limit: 2, after: first.next })).toMatchObject({
    changed: slow.slice(2),
    next: null,
  });
  expect(await bulk('pause', filter)).toMatchObject({ count: 0 });
  expect((await bulk('resume', filter)).changed).toEqual(slow);
  expect((await bulk('cancel', { ...filter, status: 'running' })).changed).toEqual(slow);
  expect(await bulk('cancel', filter)).toMatchObject({ count: 0 });
  for (const id of slow) expect((await ring.execution(id)).status).toBe('CANCELLED');
  expect((await ring.execution(other)).status).toBe('RUNNING');
  expect((await bulk('cancel', { since: '2026-01-01T00:00:00Z' })).changed).toEqual([other]);
});

test('failed items of many executions run again', async () => {
  const sick = await started('bulk/sick', 2);
  for (const id of sick) await ring.ended(id);
  const filter = { path: 'bulk/sick', step: 'items', state: 'failed' };
  expect((await ring.post('/api/bulk/redrive', { ...filter, dry_run: true })).body).toMatchObject({
    count: 2,
  });
  expect((await bulk('redrive', filter)).changed).toEqual(sick);
  for (const id of sick) {
    await ring.ended(id);
    const { body } = await ring.get(`/api/executions/${id}/loops/items`);
    expect(body).toMatchObject({ run: 2, total: 30, failed: 3 });
  }
  const nothing = await bulk('redrive', { ...filter, error_class: 'NO_SUCH' });
  expect(nothing.refused).toMatchObject(
    sick.map((execution_id) => ({ execution_id, code: 'REDRIVE_NOTHING' })),
  );
});

test('items are chosen by index, in the list and for a redrive', async () => {
  const [id = ''] = await started('bulk/sick', 1);
  await ring.ended(id);
  const items = `/api/executions/${id}/loops/items/items`;
  const indexesOf = async (query: string): Promise<[number[], number | null]> => {
    const { body } = await ring.get<{ items: { current_index: number }[]; next: number | null }>(
      `${items}?indexes=${query}`,
    );
    return [body.items.map((item) => item.current_index), body.next];
  };
  expect(await indexesOf('29,3,7-9,99')).toEqual([[3, 7, 8, 9, 29], null]);
  expect(await indexesOf('0-29&limit=2&after=4')).toEqual([[5, 6], 6]);
  expect(await indexesOf('0-20&state=failed')).toEqual([[3, 13], null]);
  const body = { step: 'items', indexes: '13,20-21' };
  expect((await ring.post(`/api/executions/${id}/redrive`, { ...body, dry_run: true })).body).toMatchObject({
    items: 3,
  });
  expect((await ring.post(`/api/executions/${id}/redrive`, body)).body).toMatchObject({ items: 3, run: 2 });
  await waitFor(async () => (await ring.execution(id)).status === 'COMPLETED', { what: 'the second run' });
  // Of a redriven loop as well.
  expect(await indexesOf('29,13,20-21')).toEqual([[13, 20, 21, 29], null]);
});

test.each([
  ['cancel', {}, 'BULK_FILTER_EMPTY'],
  ['pause', { dry_run: true }, 'BULK_FILTER_EMPTY'],
  ['cancel', { path: 'x', satus: 'RUNNING' }, 'BODY_INVALID'],
  ['resume', { status: 'GONE' }, 'BODY_INVALID'],
  ['pause', { since: 'yesterday' }, 'BODY_INVALID'],
  ['redrive', { path: 'x' }, 'BODY_INVALID'],
  ['redrive', { path: 'x', step: 'items' }, 'REDRIVE_SELECTOR_EMPTY'],
  ['redrive', { path: 'x', step: 'items', indexes: '7-3' }, 'BODY_INVALID'],
])('%s %j is refused', async (verb, body, code) => {
  const answer = await ring.post(`/api/bulk/${verb}`, body);
  expect([answer.status, answer.body['code']]).toEqual([400, code]);
});
