/** Redrive: only the chosen items run again, results are whole and in order, what follows from the loop follows again. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '../wait.ts';
import { HEALTHY, ITEMS, SICK, WHOLE, RedriveStage } from './redrive-stage.ts';

let stage: RedriveStage;

beforeAll(async () => {
  stage = await RedriveStage.open();
});

beforeEach(() => stage.reset());

afterAll(() => stage.close());

describe('what failed', () => {
  test('runs again alone, and what follows from the loop follows again', async () => {
    const id = await stage.firstRun();
    expect(await stage.ring.stepResult(id, 'total')).toMatchObject({ stats: { success: 90, failed: 10 } });
    expect(await stage.ranSoFar()).toEqual(HEALTHY);
    await stage.heal();
    const { status, body } = await stage.redrive(id, { state: 'failed' });
    expect([status, body]).toMatchObject([202, { run: 2, items: 10 }]);
    expect(await stage.ring.ended(id)).toMatchObject({ status: 'COMPLETED', run: 2 });
    expect(await stage.ranSoFar()).toEqual(SICK);
    expect(await stage.ring.stepResult(id, 'total')).toEqual(WHOLE);
    expect(await stage.terminalRuns(id)).toEqual([1, 2]);
    expect(await stage.ring.loopState(id, 'items')).toMatchObject({
      collection_size: 10,
      completed_count: 10,
    });
    const { body: loop } = await stage.ring.get(`/api/executions/${id}/loops/items`);
    expect(loop).toMatchObject({
      total: ITEMS,
      succeeded: ITEMS,
      failed: 0,
      epoch: 1,
      run: 2,
      status: 'COMPLETED',
    });
    const pages = await stage.ring.get<{ items: { current_index: number; result: unknown }[] }>(
      `/api/executions/${id}/loops/items/items?limit=1000`,
    );
    expect(pages.body.items.map(({ current_index }) => current_index)).toEqual(HEALTHY);
    expect(pages.body.items[93]?.result).toEqual({ x: 93, of: ITEMS });
  });

  test('of many redrives at once one wins', async () => {
    const id = await stage.firstRun();
    await stage.ranSoFar();
    const answers = await Promise.all([1, 2, 3, 4].map(() => stage.redrive(id, { state: 'failed' })));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([202, 409, 409, 409]);
    await stage.ring.ended(id);
    expect(await stage.ranSoFar()).toEqual(SICK);
    expect(await stage.terminalRuns(id)).toEqual([1, 2]);
  });

  test('and fails again is redriven again, also in part', async () => {
    const id = await stage.firstRun();
    await stage.redrive(id, { state: 'failed' });
    await stage.ring.ended(id);
    await stage.ranSoFar();
    await stage.heal();
    await stage.redrive(id, { state: 'failed', indexes: [0, 3, 13, 99] });
    await stage.ring.ended(id);
    expect(await stage.ranSoFar()).toEqual([3, 13]);
    expect(await stage.ring.stepResult(id, 'total')).toMatchObject({ stats: { success: 92, failed: 8 } });
    const { body } = await stage.ring.get<{ items: { current_index: number }[] }>(
      `/api/executions/${id}/loops/items/items?state=failed`,
    );
    expect(body.items.map(({ current_index }) => current_index)).toEqual(SICK.slice(2));
    await stage.redrive(id, { state: 'failed' });
    await stage.ring.ended(id);
    expect(await stage.ranSoFar()).toEqual(SICK.slice(2));
    expect(await stage.ring.stepResult(id, 'total')).toEqual(WHOLE);
    expect(await stage.terminalRuns(id)).toEqual([1, 2, 3, 4]);
  });

  test('is listed by what went wrong, and each group can be run again', async () => {
    const id = await stage.firstRun();
    await stage.ranSoFar();
    interface Group {
      message_class: string;
      count: number;
      sample: { index: number };
      redrive: object;
    }
    const { body } = await stage.ring.get<{ groups: Group[] }>(`/api/executions/${id}/dead-letters`);
    expect(body.groups.map(({ count, sample }) => [count, sample.index])).toEqual([
      [5, 3],
      [5, 53],
    ]);
    expect(body.groups[0]?.message_class).toContain('item # is sick');
    const preview = await stage.redrive(id, { ...body.groups[1]?.redrive, dry_run: true });
    expect(preview.body).toMatchObject({
      items: 5,
      sample: SICK.slice(5).map((index) => ({ index, status: 'FAILED' })),
    });
    expect(await stage.redrive(id, body.groups[1]?.redrive ?? {})).toMatchObject({
      status: 202,
      body: { items: 5 },
    });
    await stage.ring.ended(id);
    expect(await stage.ranSoFar()).toEqual(SICK.slice(5));
  });
});

test('chosen by index, also what has not failed', async () => {
  const id = await stage.firstRun();
  await stage.ranSoFar();
  await stage.redrive(id, { indexes: [99, 0, 50, 50, 1_000] });
  await stage.ring.ended(id);
  expect(await stage.ranSoFar()).toEqual([0, 50, 99]);
});

test('a sequential loop that stopped goes on where it stopped', async () => {
  const id = await stage.firstRun({ mode: 'sequential', on_error: 'fail' });
  expect(await stage.ranSoFar()).toEqual([0, 1, 2, 3]);
  expect((await stage.redrive(id, { state: 'incomplete' })).body).toMatchObject({ items: 97 });
  expect((await stage.ring.ended(id)).status).toBe('FAILED');
  expect(await stage.ranSoFar()).toEqual([3]);
  await stage.heal();
  await stage.redrive(id, { state: 'incomplete' });
  expect((await stage.ring.ended(id)).status).toBe('COMPLETED');
  expect(await stage.ranSoFar()).toEqual(HEALTHY.slice(3));
  expect(await stage.ring.stepResult(id, 'total')).toEqual(WHOLE);
});

test('what cannot be is refused with a reason, and changes nothing', async () => {
  const id = await stage.firstRun();
  const code = async (body: object): Promise<unknown> => (await stage.redrive(id, body)).body['code'];
  expect(await code({})).toBe('REDRIVE_SELECTOR_EMPTY');
  expect(await code({ indexes: [] })).toBe('REDRIVE_SELECTOR_EMPTY');
  expect(await code({ state: 'not_started' })).toBe('REDRIVE_NOTHING');
  expect(await code({ error_class: 'HTTP_STATUS' })).toBe('REDRIVE_NOTHING');
  expect(await code({ state: 'broken' })).toBe('BODY_INVALID');
  expect(await code({ step: 'total', state: 'failed' })).toBe('LOOP_UNKNOWN');
  expect(await code({ state: 'failed', loop_id: '1' })).toBe('REDRIVE_CONFLICT');
  expect(await stage.terminalRuns(id)).toEqual([1]);
  const running = await stage.start({ seconds: 0.3 });
  await waitFor(async () => (await stage.ring.get(`/api/executions/${running}/loops/items`)).status === 200, {
    what: 'the loop',
  });
  expect((await stage.redrive(running, { state: 'failed' })).body['code']).toBe('EXECUTION_RUNNING');
  await stage.ring.ended(running);
});

test('items that are child executions are started anew', async () => {
  const child = `- {step: start, tool: {kind: python, args: {x: '{{ x }}'}, code: "result = {'x': x}"}}`;
  const header = (path: string): string =>
    `apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: c, path: ${path}}\nworkflow:\n`;
  await stage.ring.register(`${header('redrive/child')}${child}\n`);
  const parent = `- step: items
  loop: {in: [5, 6, 7], iterator: x}
  tool: {kind: playbook, path: redrive/child, return_step: start, input: {x: "{{ iter.x }}"}}\n`;
  const id = await stage.ring.execute(await stage.ring.register(`${header('redrive/parent')}${parent}`));
  await stage.ring.ended(id);
  await stage.redrive(id, { indexes: [1] });
  expect(await stage.ring.ended(id)).toMatchObject({
    status: 'COMPLETED',
    result: { results: [{ x: 5 }, { x: 6 }, { x: 7 }] },
  });
  const children = await stage.ring.sql('SELECT 1 FROM noetl.execution WHERE parent_execution_id = $1', [id]);
  expect(children).toHaveLength(4);
});

test('variables that items write go on from what was written before', async () => {
  const yaml = `apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: v, path: redrive/variables}
workload: {sum: 0}
workflow:
- step: items
  loop: {in: [1, 2, 3, 4], iterator: x, spec: {mode: sequential}}
  tool:
    kind: python
    args: {sum: "{{ ctx.sum + iter.x }}"}
    code: "result = sum"
    spec: {policy: {rules: [{else: {then: {do: continue, set: {ctx.sum: "{{ output.data }}"}}}}]}}
  next: [{step: tell}]
- {step: tell, tool: {kind: python, args: {sum: "{{ ctx.sum }}"}, code: "result = sum"}}
`;
  const id = await stage.ring.execute(await stage.ring.register(yaml));
  const before = (await stage.ring.ended(id)).result;
  await stage.redrive(id, { indexes: [3] });
  expect([before, (await stage.ring.ended(id)).result]).toEqual([10, 14]);
});
