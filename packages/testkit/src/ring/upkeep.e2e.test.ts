/** Running the platform over HTTP: lists, executions again and at an end, templates tried out, processes and counts. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchAsAdmin } from '../auth.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  platform = await startPlatform({ workers: 1, env: { NOETL_SWEEP_MS: '100' } });
  ring = await RingClient.connect(platform);
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

const sleeper = '- {step: start, tool: {kind: python, code: "import time; time.sleep(600)"}}';

async function send(
  method: string,
  path: string,
  body?: unknown,
): Promise<[number, Record<string, unknown>]> {
  const response = await fetchAsAdmin(`${platform.url}${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return [response.status, (await response.json()) as Record<string, unknown>];
}

describe('lists', () => {
  test('of the catalog come in pages, without the documents', async () => {
    for (const name of ['a', 'b', 'c'])
      await register(`listed/${name}`, '- {step: start, tool: {kind: noop}}');
    const paths: string[] = [];
    for (let after: string | null = ''; after !== null;) {
      const [, page] = await send('POST', '/api/catalog/list', { limit: 2, after });
      for (const entry of page['entries'] as { path: string; content?: string }[]) {
        paths.push(entry.path);
        expect(entry).not.toHaveProperty('content');
      }
      after = page['next'] as string | null;
    }
    expect(paths.filter((path) => path.startsWith('listed/'))).toEqual(['listed/a', 'listed/b', 'listed/c']);
    expect([...paths].sort()).toEqual(paths);
    const [, whole] = await send('GET', '/api/catalog/listed/a');
    expect(whole['content']).toContain('listed/a');
  });

  test('of executions hold neither what went in nor what came out', async () => {
    const path = await register('listed/run', '- {step: start, tool: {kind: noop, result: 5}}');
    const { execution_id } = await ring.run(path, { big: 'x' });
    const [, { executions }] = await send('GET', `/api/executions?path=${path}&offset=0`);
    const [first] = executions as object[];
    expect(first).toMatchObject({ execution_id, status: 'COMPLETED', path, version: 1, error: null });
    expect(first).not.toHaveProperty('payload');
    expect(first).not.toHaveProperty('result');
    expect((await send('GET', `/api/executions?path=${path}&offset=1`))[1]['executions']).toEqual([]);
  });

  test('of items end where they get too large, and go on there', async () => {
    const path = await register(
      'listed/large',
      `- step: start
  loop: {in: "{{ range(5) }}", iterator: n, spec: {mode: parallel}}
  tool: {kind: python, input: {n: "{{ iter.n }}"}, code: "result = {'n': n, 'x': 'x' * 3000000}"}`,
    );
    const { execution_id } = await ring.run(path);
    const pages: number[][] = [];
    for (let after: number | null = -1; after !== null;) {
      const [, page] = await send('GET', `/api/executions/${execution_id}/loops/start/items?after=${after}`);
      const items = page['items'] as { current_index: number; result: { x: string } }[];
      for (const item of items) expect(item.result.x).toHaveLength(3_000_000);
      pages.push(items.map((item) => item.current_index));
      after = page['next'] as number | null;
    }
    expect(pages).toEqual([[0, 1], [2, 3], [4]]);
    const [, whole] = await send(
      'GET',
      `/api/aggregate/loop/results?execution_id=${execution_id}&step_name=start`,
    );
    expect(whole).toMatchObject({ count: 5, results: [{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }] });
    const [, history] = await send('GET', `/api/executions/${execution_id}`);
    const exits = (
      history['events'] as { event_type: string; loop_name: string | null; result: unknown }[]
    ).filter(({ event_type, loop_name }) => event_type === 'step.exit' && loop_name !== null);
    expect(exits.map(({ result }) => result)).toEqual(
      Array.from({ length: 5 }, () => ({ _omitted: true, _size_bytes: 3_000_017 })),
    );
  });
});

test('the steps of an execution are all told, however often they were entered', async () => {
  const path = await register(
    'upkeep/rounds',
    `- step: start
  tool: {kind: noop, result: "{{ (n | int) + 1 }}"}
  set: {ctx.n: "{{ start }}"}
  next: {arcs: [{step: start, when: "{{ n < 40 }}"}, {step: end, when: "{{ n >= 40 }}"}]}
- {step: end, tool: {kind: noop, result: "{{ n }}"}}`,
    'workload: {n: 0}',
  );
  const { execution_id } = await ring.run(path);
  const [, body] = await send('GET', `/api/executions/${execution_id}`);
  expect(body['steps']).toEqual([
    { step: 'start', status: 'COMPLETED', visits: 40, result: 40, error: null },
    { step: 'end', status: 'COMPLETED', visits: 1, result: 40, error: null },
  ]);
  expect((await send('GET', `/api/executions/${execution_id}/status`))[1]).toMatchObject({
    status: 'COMPLETED',
    completed_steps: ['start', 'end'],
    variables: { n: 40 },
    progress: { total_steps: 2, completed_steps: 2 },
  });
});

describe('executions', () => {
  test('run again with the version and the values of the first time', async () => {
    const steps = '- {step: start, tool: {kind: noop, result: "{{ a }}-{{ b }}-one"}}';
    const path = await register('upkeep/again', steps, 'workload: {a: 1, b: 1}');
    const { execution_id } = await ring.run(path, { a: 2 });
    await register('upkeep/again', steps.replace('one', 'two'), 'workload: {a: 1, b: 1}');
    const [status, body] = await send('POST', `/api/executions/${execution_id}/rerun`, { payload: { b: 3 } });
    expect([status, body['rerun_of'], body['version']]).toEqual([201, execution_id, 1]);
    expect((await ring.ended(body['execution_id'] as string)).result).toBe('2-3-one');
  });

  test('are ended by force, once', async () => {
    const id = await ring.execute(await register('upkeep/sleeper', sleeper));
    const finalize = () => send('POST', `/api/executions/${id}/finalize`, { reason: 'enough' });
    expect((await finalize())[1]).toMatchObject({ status: 'finalized', execution_status: 'CANCELLED' });
    expect((await finalize())[1]).toMatchObject({ status: 'already_completed' });
    expect((await send('GET', `/api/executions/${id}/cancellation-check`))[1]).toMatchObject({
      cancelled: true,
      event_type: 'execution.cancelled',
    });
  });

  test('in which nothing happens any more are found and ended; what works or waits is left alone', async () => {
    const working = await ring.execute(await register('upkeep/sleeper', sleeper));
    await register(
      'upkeep/parent',
      '- {step: start, tool: {kind: playbook, path: upkeep/sleeper, return_step: start}}',
    );
    const waiting = await ring.execute('upkeep/parent');
    // One whose command got lost: there is nothing that would go on.
    const lost = await ring.execute(await register('upkeep/lost', sleeper));
    await ring.sql(`UPDATE noetl.command SET state = 'cancelled' WHERE execution_id = $1`, [lost]);
    await waitFor(
      async () =>
        (
          await ring.sql(`SELECT 1 FROM noetl.command WHERE state = 'waiting' AND execution_id = $1`, [
            waiting,
          ])
        ).length > 0,
      { what: 'a parent that waits' },
    );
    const cleanup = (dry_run: boolean) =>
      send('POST', '/api/executions/cleanup', { older_than_minutes: 0, dry_run });
    const [, found] = await cleanup(true);
    expect(found).toMatchObject({ dry_run: true, cancelled_count: 0 });
    expect(found['execution_ids']).toContain(lost);
    expect(found['execution_ids']).not.toContain(waiting);
    expect((await ring.execution(lost)).status).toBe('RUNNING');
    expect((await cleanup(false))[1]['execution_ids']).toContain(lost);
    expect((await ring.execution(lost)).status).toBe('CANCELLED');
    for (const id of [waiting, working]) await send('POST', `/api/executions/${id}/cancel`, {});
  });

  test('of a stored document that is no playbook do not start', async () => {
    await ring.register('apiVersion: noetl.io/v2\nkind: Agent\nmetadata: {name: a, path: upkeep/agent}\n');
    const path = await register(
      'upkeep/calls-agent',
      '- {step: start, tool: {kind: playbook, path: upkeep/agent, return_step: x}}',
    );
    const { status, error } = await ring.run(path);
    expect(status).toBe('FAILED');
    expect(error).toContain('is a document of kind Agent');
    const [code] = await send('POST', '/api/schedules', { path: 'upkeep/agent', interval_seconds: 60 });
    expect(code).toBe(400);
  });
});

describe('templates', () => {
  let id: string;

  beforeAll(async () => {
    const path = await register(
      'upkeep/render',
      `- {step: start, tool: {kind: python, code: "result = {'rows': list(range(30000)), 'n': 7}"}}`,
      'workload: {colour: teal}',
    );
    ({ execution_id: id } = await ring.run(path));
  });

  const rendered = (template: unknown, more: object = {}) =>
    send('POST', '/api/context/render', { execution_id: id, template, ...more });

  test.each<[unknown, unknown]>([
    ['{{ colour | upper }}', 'TEAL'],
    [{ deep: ['{{ start.n + 1 }}', '{{ ctx.colour }}-{{ more }}'] }, { deep: [8, 'teal-x'] }],
    ['{{ start.rows | length }}', 30_000],
    ['{{ range(2) }}', [0, 1]],
    ['{{ keychain.x }}', null],
  ])('%j', async (template, expected) => {
    const [status, body] = await rendered(template, { extra_context: { more: 'x' } });
    expect([status, body['rendered']]).toEqual([200, expected]);
    expect(body['context_keys']).toEqual(['colour', 'start']);
  });

  test('strictly, a name that is not there is told', async () => {
    const [status, body] = await rendered('{{ color }} {{ range(2) }}', { strict: true });
    expect([status, body['code']]).toEqual([422, 'TEMPLATE_ERROR']);
    expect(body['detail']).toContain('not there: color');
  });

  test('a broken one is told', async () => {
    const [status, body] = await rendered('{{ 1 + }}');
    expect([status, body['code']]).toEqual([400, 'TEMPLATE_SYNTAX']);
  });
});

describe('what is kept', () => {
  test('has an older name, and goes when it is deleted', async () => {
    const { execution_id } = await ring.run(
      await register('upkeep/kept', '- {step: start, tool: {kind: noop}}'),
    );
    const [status, kept] = await send('PUT', `/api/temp/${execution_id}`, {
      name: 'n',
      data: { a: 1 },
      scope: 'step',
    });
    expect([status, kept['bytes'], kept['expires_at']]).toEqual([201, 7, null]);
    expect(kept['sha256']).toMatch(/^[0-9a-f]{64}$/);
    const ref = encodeURIComponent(kept['ref'] as string);
    // Its scope is the steps of an execution that has ended.
    await waitFor(async () => (await send('GET', `/api/temp/resolve?ref=${ref}`))[0] === 404, {
      what: 'the end of a value of scope step',
    });
    expect(await ring.sql('SELECT 1 FROM noetl.value WHERE execution_id = $1', [execution_id])).toEqual([]);
  });

  test('is deleted from the database when its time is over', async () => {
    const { execution_id } = await ring.run(
      await register('upkeep/timed', '- {step: start, tool: {kind: noop}}'),
    );
    await send('PUT', `/api/result/${execution_id}`, { data: 1, ttl: 0.01 });
    await send('PUT', `/api/result/${execution_id}`, { data: 2, ttl: 600, name: 'lasting' });
    const left = () =>
      ring.sql<{ name: string }>('SELECT name FROM noetl.value WHERE execution_id = $1', [execution_id]);
    await waitFor(async () => (await left()).length === 1, { what: 'the end of its time' });
    expect(await left()).toEqual([{ name: 'lasting' }]);
  });
});

test('the keychain is shown as it is declared, never what it holds', async () => {
  const path = await register(
    'upkeep/keychain',
    '- {step: start, tool: {kind: noop}}',
    `keychain:
- {name: shop, kind: credential, credential: shop-token, scope: global}
- {name: fixed, kind: bearer, token: tok-in-the-document}`,
  );
  const [, { catalog_id }] = await send('POST', '/api/catalog/resource', { path });
  const [, all] = await send('GET', `/api/keychain/catalog/${String(catalog_id)}`);
  expect(all).toEqual({
    catalog_id,
    count: 2,
    entries: [
      { name: 'shop', kind: 'credential', status: 'declared', scope: 'global', credential: 'shop-token' },
      { name: 'fixed', kind: 'bearer', status: 'declared' },
    ],
  });
  expect((await send('GET', `/api/keychain/${String(catalog_id)}/shop`))[1]).toMatchObject({ name: 'shop' });
  const [status, none] = await send('GET', `/api/keychain/${String(catalog_id)}/none`);
  expect([status, none['code']]).toEqual([404, 'KEYCHAIN_NOT_FOUND']);
});

test('processes, slots and counts are told to people and to Prometheus', async () => {
  const [, pools] = await send('GET', '/api/worker/pools');
  expect(pools).toMatchObject({ count: 1, alive: 1, items: [{ kind: 'worker_pool', alive: true }] });
  expect((await send('GET', '/api/dashboard/stats'))[1]).toMatchObject({
    status: 'ok',
    services: { postgres: true, nats: true },
    commands: { waiting: 0 },
    loops: 0,
  });
  for (const path of ['/metrics', '/api/metrics']) {
    const response = await fetchAsAdmin(`${platform.url}${path}`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const text = await response.text();
    expect(text).toMatch(/^noetl_executions_ended_total\{status="COMPLETED"\} [1-9]\d*$/m);
  }
});
