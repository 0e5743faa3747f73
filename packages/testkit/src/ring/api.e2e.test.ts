/** The HTTP API as users meet it: what works, and what every kind of bad input is told. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchAsAdmin } from '../auth.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { ourPlaybook, RingClient } from './client.ts';

const HELLO = 'examples/hello_world';
const HEAD = 'apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: bad, path: tests/bad}\n';

let platform: TestPlatform;
let client: RingClient;
let hello: string;

beforeAll(async () => {
  platform = await startPlatform({ workers: 1 });
  client = await RingClient.connect(platform);
  hello = await ourPlaybook('examples/hello_world.yaml');
  await client.register(hello);
});

afterAll(async () => {
  await client.close();
  await platform.stop();
});

interface Problem {
  code: string;
  detail: string;
  hint: string;
  place?: { path?: string; line?: number; column?: number };
}

async function rows(): Promise<string> {
  const [counts] = await client.sql<{ counts: string }>(
    `SELECT concat_ws('/', (SELECT count(*) FROM noetl.catalog), (SELECT count(*) FROM noetl.execution),
      (SELECT count(*) FROM noetl.event), (SELECT count(*) FROM noetl.command)) AS counts`,
  );
  return counts?.counts ?? '';
}

describe('bad input is told what is wrong, and leaves no row behind', () => {
  const register = '/api/catalog/register';
  const execute = '/api/execute';
  const yaml = 'application/yaml';
  const json = 'application/json';
  const oneLine = `${HEAD}workflow:\n- step: start\n  tool: {kind: noop}\n`.replaceAll('\n', '');

  test.each([
    ['an unknown path', execute, '{"path": "no/such/playbook"}', json, 404, 'PATH_UNKNOWN'],
    ['an unknown version', execute, `{"path": "${HELLO}", "version": 99}`, json, 404, 'VERSION_UNKNOWN'],
    ['a body that is not JSON', execute, 'path=hello', json, 400, 'BODY_INVALID'],
    ['a list as body', execute, '[]', json, 400, 'BODY_INVALID'],
    ['no path at all', execute, '{}', json, 400, 'BODY_INVALID'],
    ['a payload that is text', execute, `{"path": "${HELLO}", "payload": "x"}`, json, 400, 'BODY_INVALID'],
    ['a path that is a number', execute, '{"path": 7}', json, 400, 'BODY_INVALID'],
    ['an id with letters', execute, '{"catalog_id": "7x"}', json, 400, 'BODY_INVALID'],
    ['broken YAML', register, `${HEAD}workflow:\n  - step: [start\n`, yaml, 400, 'YAML_SYNTAX'],
    [
      'an unknown tool kind',
      register,
      `${HEAD}workflow: [{step: start, tool: {kind: pyton}}]`,
      yaml,
      400,
      'TOOL_KIND_UNKNOWN',
    ],
    ['a missing tool', register, `${HEAD}workflow: [{step: start}]`, yaml, 400, 'TOOL_REQUIRED'],
    ['a workflow that is text', register, `${HEAD}workflow: none`, yaml, 400, 'PLAYBOOK_INVALID'],
    [
      'an unknown target',
      register,
      `${HEAD}workflow: [{step: start, tool: {kind: noop}, next: {arcs: [{step: nd}]}}]`,
      yaml,
      400,
      'STEP_UNKNOWN',
    ],
    [
      'a broken template',
      register,
      `${HEAD}workflow: [{step: start, tool: {kind: noop, input: {a: '{{ x + }}'}}}]`,
      yaml,
      400,
      'TEMPLATE_SYNTAX',
    ],
    ['a file whose newlines curl stripped', register, oneLine, json, 400, 'YAML_NEWLINES_LOST'],
    ['an empty body', register, '', yaml, 400, 'BODY_INVALID'],
    [
      'a key that leads out of data',
      execute,
      `{"path": "${HELLO}", "payload": {"__proto__": {"x": 1}}}`,
      json,
      400,
      'KEY_FORBIDDEN',
    ],
    [
      'bottomless nesting',
      execute,
      `{"path": "${HELLO}", "payload": ${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`,
      json,
      400,
      'BODY_INVALID',
    ],
    ['U+0000', execute, `{"path": "${HELLO}", "payload": {"a": "x\\u0000"}}`, json, 400, 'BODY_INVALID'],
    ['an id that lost digits', execute, '{"catalog_id": 589035483489895087}', json, 400, 'BODY_INVALID'],
    [
      'an unknown parent',
      execute,
      `{"path": "${HELLO}", "parent_execution_id": "12"}`,
      json,
      404,
      'EXECUTION_UNKNOWN',
    ],
    ['two megabytes', register, 'x'.repeat(2 * 1024 * 1024), yaml, 413, 'BODY_TOO_LARGE'],
    [
      'two megabytes of JSON',
      execute,
      JSON.stringify({ path: HELLO, payload: { x: 'x'.repeat(2 * 1024 * 1024) } }),
      json,
      413,
      'BODY_TOO_LARGE',
    ],
    ['a picture', register, 'x', 'image/png', 415, 'MEDIA_TYPE'],
    ['an unknown route', '/api/executions/1/nothing', '{}', json, 404, 'ROUTE_UNKNOWN'],
  ])('%s', async (_, path, body, type, status, code) => {
    const before = await rows();
    const answer = await client.post<Problem>(path, body, type);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.detail).not.toBe('');
    expect(answer.body.hint).not.toBe('');
    expect(await rows()).toBe(before);
  });

  test.each([
    ['/api/executions/1', 404, 'EXECUTION_UNKNOWN'],
    ['/api/executions/abc', 400, 'BODY_INVALID'],
    ['/api/executions?limit=0', 400, 'BODY_INVALID'],
    ['/api/executions?status=WRONG', 400, 'BODY_INVALID'],
    ['/api/executions/1/events', 404, 'EXECUTION_UNKNOWN'],
    ['/api/aggregate/loop/results?execution_id=1', 400, 'BODY_INVALID'],
    ['/api/catalog/no/such', 404, 'PATH_UNKNOWN'],
    ['/api/catalog/%zz', 400, 'BODY_INVALID'],
    ['/api/executions?path=a&path=b', 400, 'BODY_INVALID'],
  ])('GET %s', async (path, status, code) => {
    const answer = await client.get<Problem>(path);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test('the place and a suggestion are named', async () => {
    const text = `${HEAD}workflow:\n  - step: start\n    tool:\n      kind: pyton\n      code: x = 1\n`;
    const { body } = await client.post<Problem>('/api/catalog/register', text, 'application/yaml');
    expect(body).toMatchObject({
      place: { path: 'workflow[0].tool.kind', line: 7, column: 7 },
      hint: 'Did you mean "python"?',
    });
  });

  test('the right command is given for stripped newlines', async () => {
    const { body } = await client.post<Problem>('/api/catalog/register', oneLine, 'application/json');
    expect(body.hint).toContain(`curl -X POST ${platform.url}/api/catalog/register`);
    expect(body.hint).toContain('--data-binary');
  });
});

describe('registering', () => {
  test.each([
    'application/yaml',
    'text/yaml',
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
  ])('raw YAML as %s', async (type) => {
    expect((await client.post('/api/catalog/register', hello, type)).body).toMatchObject({
      status: 'success',
      path: HELLO,
      version: 1,
    });
  });

  test.each([
    ['plain', (text: string) => text],
    ['base64', (text: string) => Buffer.from(text).toString('base64')],
  ])('content, %s', async (_, encode) => {
    const { body } = await client.post('/api/catalog/register', { content: encode(hello) });
    expect(body).toMatchObject({ path: HELLO, kind: 'Playbook' });
    expect(typeof body['catalog_id']).toBe('string');
  });

  test('a changed playbook is a new version; the old one stays executable', async () => {
    const changed = hello.replaceAll('hello_world', 'versions');
    const first = await client.post('/api/catalog/register', changed, 'text/yaml');
    const second = await client.post('/api/catalog/register', changed.replace('World', 'Moon'), 'text/yaml');
    expect([first.body['version'], second.body['version']]).toEqual([1, 2]);
    const { body } = await client.post('/api/execute?wait=30', { path: 'examples/versions', version: 1 });
    expect(body).toMatchObject({ status: 'COMPLETED', result: { message: 'Hello World' } });
  });
});

describe('executing', () => {
  test('with wait, the outcome comes with the answer', async () => {
    const { status, body } = await client.post('/api/execute?wait=30', {
      path: HELLO,
      payload: { name: 'Ada' },
    });
    expect([status, body['status'], body['result']]).toEqual([201, 'COMPLETED', { message: 'Hello Ada' }]);
  });

  test('the same Idempotency-Key is the same execution; for another request it is refused', async () => {
    const send = (payload: object): Promise<Response> =>
      fetchAsAdmin(`${platform.url}/api/execute`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'order-7' },
        body: JSON.stringify({ path: HELLO, payload }),
      });
    const register = (text: string): Promise<string> => client.register(hello.replace('World', text));
    const first = await send({ name: 'a' });
    // A version registered in between makes it no other request.
    await register('Mars');
    const [again, other] = [await send({ name: 'a' }), await send({ name: 'b' })];
    expect([first.status, again.status, other.status]).toEqual([201, 200, 409]);
    expect(await again.json()).toMatchObject({
      execution_id: ((await first.json()) as { execution_id: string }).execution_id,
    });
  });

  test('events come by pages and as a stream that ends with the execution', async () => {
    const { execution_id: id } = await client.run(HELLO);
    const page = await client.get<{ events: { event_id: string; event_type: string }[]; next: string }>(
      `/api/executions/${id}/events?limit=2`,
    );
    expect(page.body.events.map((event) => event.event_type)).toEqual(['playbook.initialized', 'step.enter']);
    const rest = await client.get<{ events: { event_type: string }[] }>(
      `/api/executions/${id}/events?after=${page.body.next}`,
    );
    expect(rest.body.events.at(-1)?.event_type).toBe('playbook.completed');
    const stream = await fetchAsAdmin(`${platform.url}/api/executions/${id}/events`, {
      headers: { accept: 'text/event-stream', 'last-event-id': page.body.next },
    });
    const text = await stream.text();
    expect(text.match(/^event: .*/gm)).toEqual(rest.body.events.map((event) => `event: ${event.event_type}`));
  });

  test('a loop shows its counters, its items by page and state, and its results in order', async () => {
    const path = await client.register(await ourPlaybook('examples/fan_out_with_failures.yaml'));
    const { execution_id: id } = await client.run(path);
    const loop = `/api/executions/${id}/loops/start`;
    expect((await client.get(loop)).body).toMatchObject({
      status: 'COMPLETED',
      total: 50,
      succeeded: 42,
      failed: 8,
      pending: 0,
      running: 0,
      aborted: 0,
      epoch: 1,
    });
    const failed = await client.get<{ items: { current_index: number }[]; next: number }>(
      `${loop}/items?state=failed&limit=3`,
    );
    expect([failed.body.items.map((item) => item.current_index), failed.body.next]).toEqual([[0, 7, 14], 14]);
    const lines = await (
      await fetchAsAdmin(`${platform.url}${loop}/items`, { headers: { accept: 'application/x-ndjson' } })
    ).text();
    expect(lines.trim().split('\n')).toHaveLength(50);
    const { body } = await client.get<{ results: { number?: number }[]; count: number; status: string }>(
      `/api/aggregate/loop/results?execution_id=${id}&step_name=start`,
    );
    expect([body.status, body.count, body.results[8]?.number]).toEqual(['ok', 50, 8]);
  });

  test('health says that it lives, ready that it can work', async () => {
    expect([(await client.get('/api/health')).body, (await client.get('/api/ready')).status]).toEqual([
      { status: 'ok' },
      200,
    ]);
  });
});
