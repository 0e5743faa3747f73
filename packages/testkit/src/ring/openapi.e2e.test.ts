/** Every endpoint of `/openapi.json` is called, and answers what the document says, in every way that it says. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { Contract } from './contract.ts';

const HEAD = 'apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: contract, path: contract/%}\n';
const SHORT = `${HEAD.replace('%', 'short')}keychain: [{name: pin, kind: credential, credential: pin}]
workload: {greeting: hello}
workflow: [{step: start, tool: {kind: noop, result: {said: '{{ greeting }}'}}}]`;
/** Items 1 and 3 of five fail. */
const LOOP = `${HEAD.replace('%', 'loop')}workflow:
- step: items
  loop: {in: [0, 1, 2, 3, 4], iterator: item, spec: {policy: {on_error: continue}}}
  tool:
    kind: python
    input: {item: '{{ iter.item }}'}
    code: |
      def main(item):
        if item % 2: raise ValueError(f"item {item}")
        return item`;
const SLOW = `${HEAD.replace('%', 'slow')}workflow:
- step: items
  loop: {in: [0, 1], iterator: item}
  tool: {kind: python, code: "import time; time.sleep(600)"}`;

let platform: TestPlatform;
let api: Contract;
let short: string;
let catalogId: string;
let loop: string;
let slow: string;

beforeAll(async () => {
  platform = await startPlatform({
    workers: 1,
    env: { NOETL_SQL_ENDPOINT: 'on', NOETL_ENCRYPTION_KEY: randomBytes(32).toString('base64') },
  });
  api = await Contract.of(platform.url);
});

afterAll(() => platform.stop());

async function start(path: string, more: object = {}): Promise<string> {
  const { execution_id } = await api.call<{ execution_id: string }>('execute', {
    body: { path, ...more },
    status: 201,
  });
  return execution_id;
}

async function ended(id: string): Promise<void> {
  await waitFor(
    async () => {
      const { status } = await api.call<{ status: string }>('getExecutionState', { path: { id } });
      return status !== 'RUNNING' && status !== 'PENDING';
    },
    { what: `the end of ${id}`, timeoutMs: 60_000 },
  );
}

test('the catalog', async () => {
  const yaml = { type: 'application/yaml' };
  const registered = await api.call<{ catalog_id: string }>('registerPlaybook', {
    ...yaml,
    body: SHORT,
    status: 201,
  });
  catalogId = registered.catalog_id;
  await api.call('registerPlaybook', { body: { content: SHORT } });
  for (const body of [LOOP, SLOW]) await api.call('registerPlaybook', { ...yaml, body, status: 201 });
  await api.call('validatePlaybook', { ...yaml, body: SHORT });
  await api.call('validatePlaybook', { ...yaml, body: `${HEAD}workflow: [{step: start}]` });
  await api.call('listCatalog', { query: { kind: 'Playbook', limit: 1 } });
  await api.call('listCatalogByBody', { body: { limit: 1 } });
  await api.call('getCatalogEntry', { body: { path: 'contract/short', version: 'latest' } });
  await api.call('getLatest', { path: { path: 'contract/short' } });
});

test('executions', async () => {
  const key = { headers: { 'Idempotency-Key': 'once' } };
  // Nobody listens there: its delivery stays pending.
  const body = { path: 'contract/short', webhook: 'http://127.0.0.1:9/' };
  const begun = await api.call<{ execution_id: string }>('execute', {
    ...key,
    body,
    query: { wait: 60 },
    status: 201,
  });
  short = begun.execution_id;
  const id = { path: { id: short } };
  await api.call('execute', { ...key, body });
  await api.call('runPlaybook', { headers: { 'Idempotency-Key': 'older' }, body, status: 201 });
  await api.call('runPlaybook', { headers: { 'Idempotency-Key': 'older' }, body });
  const query = { limit: 1, status: 'COMPLETED', since: '2026-01-01T00:00:00Z' };
  await api.call('listExecutions', { query });
  await api.call('listExecutions', { query, accept: 'text/event-stream' });
  await api.call('getExecution', id);
  await api.call('getExecution', { ...id, query: { since_event_id: '1' } });
  await api.call('getSummary', id);
  await api.call('getSummary', { ...id, accept: 'text/event-stream' });
  await api.call('getGraph', id);
  await api.call('getExecutionState', id);
  await api.call('checkCancellation', id);
  await api.call('listEvents', { ...id, query: { order: 'DESC', types: 'step.exit', results: false } });
  await api.call('listEvents', { ...id, accept: 'text/event-stream' });
  await api.call('getWebhook', id);
  await api.call('redeliverWebhook', { ...id, status: 202 });
  await api.call('rerunExecution', { ...id, body: { payload: { greeting: 'again' } }, status: 201 });
  await api.call('cancelExecution', id);
  await api.call('finalizeExecution', id);
  await api.call('cleanUpExecutions', { body: { older_than_minutes: 60, dry_run: true } });
});

test('executions that run', async () => {
  slow = await start('contract/slow');
  const id = { path: { id: slow } };
  const step = { path: { id: slow, step: 'items' } };
  await waitFor(
    async () =>
      (await api.call<{ loops: { running: number }[] }>('listLoops', id)).loops.some(
        ({ running }) => running > 0,
      ),
    { what: 'running items', timeoutMs: 60_000 },
  );
  await api.call('pauseLoop', step);
  await api.call('resumeLoop', step);
  await api.call('pauseExecution', id);
  await api.call('resumeExecution', id);
  await api.call('getLoopMap', step);
  await api.call('getSummary', id);
  await api.call('setVariables', { ...id, body: { variables: { a: 1, b: { c: [2] } } } });
  await api.call('listVariables', id);
  await api.call('getVariable', { path: { id: slow, name: 'b' } });
  await api.call('deleteVariable', { path: { id: slow, name: 'a' } });
  await api.call('deleteVariables', id);
  await api.call('cancelExecution', { ...id, body: { reason: 'seen enough' } });
  await api.call('getExecution', id);
});

test('loops', async () => {
  loop = await start('contract/loop');
  await ended(loop);
  const id = { path: { id: loop } };
  const step = { path: { id: loop, step: 'items' } };
  await api.call('listLoops', id);
  await api.call('getLoop', step);
  await api.call('getLoop', { ...step, accept: 'text/event-stream' });
  await api.call('getLoopMap', { ...step, query: { buckets: 2 } });
  const { items } = await api.call<{ items: unknown[] }>('listItems', { ...step, query: { preview: 200 } });
  expect(items).toHaveLength(5);
  const lines = await api.call<unknown[]>('listItems', {
    ...step,
    query: { state: 'FAILED' },
    accept: 'application/x-ndjson',
  });
  expect(lines).toHaveLength(2);
  await api.call('listLoopResults', { query: { execution_id: loop, step_name: 'items' } });
  await api.call('listDeadLetters', { ...id, query: { step: 'items' } });
  await api.call('getExecution', { ...id, query: { page_size: 50 } });
  const body = { step: 'items', state: 'failed' };
  await api.call('redrive', { ...id, body: { ...body, dry_run: true } });
  await api.call('redrive', { ...id, body, status: 202 });
  await ended(loop);
  await api.call('getLoop', step);
  await api.call('getExecution', { ...id, query: { page_size: 50 } });
});

test('many executions', async () => {
  const body = { path: 'contract/loop' };
  for (const operation of ['bulkCancel', 'bulkPause', 'bulkResume']) {
    await api.call(operation, { body: { ...body, dry_run: true } });
    await api.call(operation, { body });
  }
  const redrive = { ...body, step: 'items', indexes: '1,3' };
  await api.call('bulkRedrive', { body: { ...redrive, dry_run: true } });
  await api.call('bulkRedrive', { body: redrive });
  await ended(loop);
});

test.each([
  ['', 'result'],
  ['Temp', 'temp'],
])('values%s', async (suffix, base) => {
  const execution = { execution_id: short };
  await api.call(`getResult${suffix}`, { path: { ...execution, name: 'start' }, query: { resolve: false } });
  const { ref } = await api.call<{ ref: string }>(`keepValue${suffix}`, {
    path: execution,
    body: { name: base, data: [1], ttl: 600 },
    status: 201,
  });
  await api.call(`resolveReference${suffix}`, { query: { ref } });
  await api.call(`listKept${suffix}`, { path: execution });
  await api.call(`dropKept${suffix}`, { path: { ...execution, name: ref.split('/').at(-1) ?? '' } });
});

test('templates and SQL', async () => {
  const body = { execution_id: short, template: { said: '{{ start.said }}' } };
  await api.call('renderTemplate', { body });
  await api.call('executeSql', { body: { query: 'SELECT 1 AS one' } });
  await api.call('executeSql', { body: { query: 'SELEC' } });
});

test('credentials and keychains', async () => {
  const name = { path: { name: 'pin' } };
  const body = { name: 'pin', type: 'bearer', data: { token: 't' }, tags: ['a'] };
  await api.call('saveCredential', { body, status: 201 });
  await api.call('saveCredential', { body });
  await api.call('listCredentials', { query: { type: 'bearer', q: 'pi' } });
  await api.call('getCredential', name);
  await api.call('getKeychain', { path: { catalog_id: catalogId } });
  await api.call('getKeychainEntry', { path: { catalog_id: catalogId, name: 'pin' } });
  await api.call('deleteCredential', name);
});

test('schedules', async () => {
  const body = { playbook_path: 'contract/short', cron: '0 5 * * *', meta: { by: 'test' } };
  const { schedule_id } = await api.call<{ schedule_id: string }>('createSchedule', { body, status: 201 });
  const id = { path: { id: schedule_id } };
  await api.call('runSchedule', { ...id, status: 201 });
  await api.call('listSchedules');
  await api.call('getSchedule', id);
  await api.call('changeSchedule', { ...id, body: { enabled: false } });
  await api.call('deleteSchedule', id);
});

test('limits', async () => {
  const key = { path: { key: 'host:example.org' } };
  await api.call('setLimit', { ...key, body: { max_concurrent: 2, rate: 1.5 } });
  await api.call('listLimits');
  await api.call('getLimit', key);
  await api.call('deleteLimit', key);
});

test('the platform', async () => {
  for (const operation of ['getHealth', 'getHealthAtRoot', 'getReadiness', 'listWorkers', 'getPoolStatus'])
    await api.call(operation);
  for (const operation of ['getPlatform', 'getDashboard']) {
    await api.call(operation);
    await api.call(operation, { accept: 'text/event-stream' });
  }
  for (const operation of ['getMetrics', 'getMetricsAtRoot', 'getDocs'])
    await api.call(operation, { accept: '*/*' });
  await api.call('getOpenApi');
});

test('callers, tokens and the audit log', async () => {
  await api.call('getCaller');
  const { token_id: id } = await api.call<{ token_id: string }>('createToken', {
    body: { name: 'contract', grants: [{ role: 'operator', prefix: 'contract' }], expires_in_days: 1 },
    status: 201,
  });
  await api.call('listTokens');
  await api.call('revokeToken', { path: { id } });
  await api.call('listAudit', { query: { outcome: 'DONE', limit: 5 } });
});

test('errors are problems', async () => {
  await api.call('getExecution', { path: { id: '7' }, status: 404 });
  await api.call('getExecution', { path: { id: 'x' }, status: 400 });
  await api.call('registerPlaybook', { type: 'image/png', body: 'x', status: 415 });
  await api.call('registerPlaybook', { body: `${HEAD}workflow: [{step: start}]`, status: 400 });
  await api.call('pauseExecution', { path: { id: short }, status: 409 });
});

test('what the document says of a query parameter, the server holds to', async () => {
  const path: Record<string, string> = { id: loop, step: 'items', execution_id: short, name: 'start' };
  const typed = api.operations.flatMap(({ operationId, parameters = [] }) =>
    parameters
      .filter(
        ({ in: where, schema }) =>
          where === 'query' &&
          (schema['type'] !== 'string' || 'enum' in schema || 'format' in schema || 'pattern' in schema),
      )
      .map(({ name }) => ({ operationId, name })),
  );
  expect(typed.length).toBeGreaterThan(20);
  const given = { step_name: 'items', execution_id: loop };
  for (const { operationId, name } of typed) {
    const known = operationId === 'listLoopResults' ? given : {};
    const body = operationId === 'execute' || operationId === 'runPlaybook' ? { body: { path: 'x' } } : {};
    const problem = await api.call(operationId, {
      path,
      query: { ...known, [name]: 'none' },
      ...body,
      status: 400,
    });
    expect(problem).toMatchObject({
      code: 'BODY_INVALID',
      detail: expect.stringContaining(name),
    });
  }
});

test('no answer that the document tells of was left out', () => {
  expect(api.untried()).toEqual([]);
});
