/** The edges of the API: methods, request ids, other kinds of documents, and a server without what it needs. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchAsAdmin } from '../auth.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { RingClient } from './client.ts';

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  platform = await startPlatform({
    workers: 1,
    env: { NOETL_ENCRYPTION_KEY: '', NOETL_TEMPLATE_ENV: 'GREETING', GREETING: 'hello' },
  });
  ring = await RingClient.connect(platform);
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

test('a wrong method on a known path says which are right', async () => {
  const answer = await fetchAsAdmin(`${platform.url}/api/executions/1/cancel`);
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  expect(await answer.json()).toMatchObject({ code: 'METHOD_WRONG' });
});

test('a request keeps its id, or gets one', async () => {
  const named = await fetchAsAdmin(`${platform.url}/api/executions/1`, {
    headers: { 'x-request-id': 'mine-1' },
  });
  expect(named.headers.get('x-request-id')).toBe('mine-1');
  expect(await named.json()).toMatchObject({ code: 'EXECUTION_UNKNOWN', request_id: 'mine-1' });
  const nameless = await fetchAsAdmin(`${platform.url}/api/health`, {
    headers: { 'x-request-id': 'bad id' },
  });
  expect(nameless.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('an event type that is none is refused with those there are', async () => {
  const path = await ring.register(
    document('edges/env', '{kind: noop, result: "{{ env.GREETING }} {{ env.PATH | default(1) }}"}'),
  );
  const { execution_id, result } = await ring.run(path);
  // Only what the operator has named can be read.
  expect(result).toBe('hello 1');
  const { status, body } = await ring.get(`/api/executions/${execution_id}/events?types=step.exit,step.exti`);
  expect([status, body['detail']]).toEqual([
    400,
    expect.stringContaining('there is no event type "step.exti"'),
  ]);
});

describe('documents of other kinds', () => {
  test('are kept, and not executed', async () => {
    const text =
      'apiVersion: noetl.io/v1\nkind: Subscription\nmetadata: {name: s, path: edges/subscription}\nspec: {anything: 1}\n';
    const kept = await ring.post('/api/catalog/register', text, 'application/yaml');
    expect([kept.status, kept.body['kind'], kept.body['version']]).toEqual([201, 'Subscription', 1]);
    const run = await ring.post('/api/execute', { path: 'edges/subscription' });
    expect([run.status, run.body['code']]).toEqual([400, 'PLAYBOOK_KIND']);
  });

  test('a misspelt Playbook is no other kind', async () => {
    const { status, body } = await ring.post(
      '/api/catalog/register',
      'kind: Playbok\nmetadata: {name: x}\n',
      'text/yaml',
    );
    expect([status, body['code']]).toEqual([400, 'PLAYBOOK_KIND']);
  });
});

test('without an encryption key, credentials are refused and say what to set', async () => {
  const { status, body } = await ring.post('/api/credentials', {
    name: 'n',
    type: 'bearer',
    data: { token: 't' },
  });
  expect([status, body['code']]).toEqual([503, 'ENCRYPTION_KEY_MISSING']);
  expect(body['hint']).toContain('openssl rand -base64 32');
});

test('SQL over HTTP is off unless it is switched on', async () => {
  const { status, body } = await ring.post('/api/postgres/execute', { query: 'SELECT 1' });
  expect([status, body['code']]).toEqual([403, 'SQL_ENDPOINT_OFF']);
});

test.each(['snowflake', 'gcs', 'mcp', 'agent', 'rhai', 'wasm', 'secrets'])(
  'the kind %s registers, and fails with what to do instead',
  async (kind) => {
    const { status, error } = await ring.run(
      await ring.register(document(`edges/${kind}`, `{kind: ${kind}}`)),
    );
    expect(status).toBe('FAILED');
    expect(error).toMatch(/not (available|supported)|unavailable|needs/i);
  },
);

function document(path: string, tool: string): string {
  return `apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x, path: ${path}}\nworkflow: [{step: start, tool: ${tool}}]`;
}
