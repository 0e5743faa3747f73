/** The NATS tools on a real nats-server: values, objects, streams, and a server that is away. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '@noetl/protocol';
import { startTestNats, type TestNats } from '@noetl/testkit';
import { MemoryValues, runBatch, type RunOptions } from './harness.ts';
import { createToolbox, type Toolbox } from './index.ts';

let toolbox: Toolbox;
let nats: TestNats;

beforeAll(async () => {
  nats = await startTestNats({ open: true });
  toolbox = createToolbox({ runners: 1 });
});

afterAll(async () => {
  await toolbox.close();
  await nats.stop();
});

async function outcome(config: JsonObject, options: RunOptions = {}, kind = 'nats') {
  const credentials = (name: string) => Promise.resolve({ name, type: 'nats', data: { nats_url: nats.url } });
  const environment = { credentials, ...options.environment };
  const [one] = await runBatch(toolbox, kind, '', [{}], {
    ...options,
    config: { auth: 'n', ...config },
    environment,
  });
  if (!one) throw new Error('no outcome');
  return one;
}

async function run(config: JsonObject, kind = 'nats', options: RunOptions = {}): Promise<JsonObject> {
  const one = await outcome(config, options, kind);
  if (one.status === 'error') throw new Error(JSON.stringify(one.error));
  return JSON.parse(one.text) as JsonObject;
}

describe('K/V', () => {
  const bucket = 'sessions';

  test.each<[string, Json]>([
    ['an object', { user_id: 1, email: 'x@y', is_active: true }],
    ['a list', [1, 'a', null]],
    ['text', 'plain'],
    ['text of digits', '12345678901234567890'],
    ['text that says true', 'true'],
    ['a number', 1.5],
    ['false', false],
    ['null', null],
    ['quoted text', '"x"'],
    ['empty text', ''],
  ])('gives back %s', async (_, value) => {
    const put = await run({ operation: 'kv_put', bucket, key: 'a/b_c=1.d-e', value });
    expect(put).toMatchObject({ status: 'success', bucket, revision: expect.any(Number) });
    expect(await run({ operation: 'kv_get', bucket, key: 'a/b_c=1.d-e' })).toMatchObject({
      status: 'success',
      bucket,
      key: 'a/b_c=1.d-e',
      found: true,
      value,
      revision: put['revision'],
    });
  });

  test('a missing key is no error', async () => {
    const value = await run({ operation: 'kv_get', bucket, key: 'missing' });
    expect(value).toMatchObject({ status: 'success', found: false, value: null });
  });

  test('bytes, and a value that is stored elsewhere', async () => {
    await run({ operation: 'kv_put', bucket, key: 'bytes', data_b64: '/wA=' });
    const bytes = await run({ operation: 'kv_get', bucket, key: 'bytes' });
    expect(bytes).toMatchObject({ value: null, data_b64: '/wA=' });
    const values = new MemoryValues();
    const config = { operation: 'kv_put', bucket, key: 'list', value: values.stored([1, 2]) };
    await run(config, 'nats', { environment: { values } });
    expect(await run({ operation: 'kv_get', bucket, key: 'list' })).toMatchObject({ value: [1, 2] });
  });

  test('keys, delete, purge', async () => {
    const own = { bucket: 'keys' };
    for (const key of ['a.1', 'a.2', 'b.1']) await run({ ...own, operation: 'kv_put', key, value: 1 });
    await run({ ...own, operation: 'kv_delete', key: 'a.2' });
    expect(await run({ ...own, operation: 'kv_keys' })).toMatchObject({ keys: ['a.1', 'b.1'], count: 2 });
    expect(await run({ ...own, operation: 'kv_keys', filter: 'a.*' })).toMatchObject({ keys: ['a.1'] });
    expect(await run({ ...own, operation: 'kv_get', key: 'a.2' })).toMatchObject({ found: false });
    await run({ ...own, operation: 'kv_purge', key: 'a.1' });
    await run({ ...own, operation: 'kv_purge', key: 'b.1' });
    expect(await run({ ...own, operation: 'kv_keys' })).toMatchObject({ keys: [], count: 0 });
    expect(await run({ ...own, operation: 'kv_keys', filter: 'nothing.>' })).toMatchObject({ keys: [] });
  });

  test('values of a bucket with a life end', async () => {
    const own = { bucket: 'short', key: 'a' };
    await run({ ...own, operation: 'kv_put', value: 1, ttl_seconds: 1, history: 3 });
    expect(await run({ ...own, operation: 'kv_get' })).toMatchObject({ found: true });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await run({ ...own, operation: 'kv_get' })).toMatchObject({ found: false });
  });

  test('many at once make one bucket', async () => {
    const config = { operation: 'kv_put', bucket: 'crowd', value: 1 };
    await Promise.all(Array.from({ length: 30 }, (_, index) => run({ ...config, key: `k${String(index)}` })));
    expect(await run({ operation: 'kv_keys', bucket: 'crowd' })).toMatchObject({ count: 30 });
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['a key with a blank', { operation: 'kv_put', bucket, key: 'a b', value: 1 }, { code: 'TOOL_CONFIG' }],
    ['a key that ends in a dot', { operation: 'kv_get', bucket, key: 'a.' }, { code: 'TOOL_CONFIG' }],
    ['no key', { operation: 'kv_get', bucket }, { code: 'TOOL_CONFIG' }],
    ['no value', { operation: 'kv_put', bucket, key: 'a' }, { code: 'TOOL_CONFIG' }],
    ['a bucket with a dot', { operation: 'kv_get', bucket: 'a.b', key: 'a' }, { code: 'TOOL_CONFIG' }],
    ['a filter with a blank', { operation: 'kv_keys', bucket, filter: 'a b' }, { code: 'TOOL_CONFIG' }],
    ['an operation', { operation: 'kv_swap' }, { code: 'TOOL_CONFIG' }],
    ['no credential', { operation: 'kv_get', bucket, key: 'a', auth: null }, { code: 'TOOL_CONFIG' }],
    ['a missing bucket', { operation: 'kv_get', bucket: 'none', key: 'a' }, { kind: 'not_found' }],
    ['a value too large', { operation: 'kv_put', bucket, key: 'a', value: 'x'.repeat(2_000_000) }, {}],
  ])('refused: %s', async (_, config, error) => {
    expect(await outcome(config)).toMatchObject({ status: 'error', error });
  });
});

test('objects', async () => {
  const own = { bucket: 'files', key: 'reports/ü 1.json' };
  const data = { rows: ['x'.repeat(300_000)] };
  expect(await run({ ...own, operation: 'object_put', data })).toMatchObject({ size: 300_013, chunks: 3 });
  expect(await run({ ...own, operation: 'object_get' })).toMatchObject({ found: true, value: data });
  expect(await run({ ...own, operation: 'object_info' })).toMatchObject({ found: true, size: 300_013 });
  const listed = await run({ bucket: 'files', operation: 'object_list' });
  expect(listed).toMatchObject({ count: 1, objects: [{ key: own.key, size: 300_013 }] });
  expect(await run({ ...own, operation: 'object_delete' })).toMatchObject({ deleted: true });
  expect(await run({ ...own, operation: 'object_delete' })).toMatchObject({ deleted: false });
  expect(await run({ ...own, operation: 'object_get' })).toMatchObject({ found: false, value: null });
  expect(await run({ bucket: 'files', operation: 'object_list' })).toMatchObject({ count: 0 });
  const missing = await outcome({ bucket: 'no-files', operation: 'object_list' });
  expect(missing).toMatchObject({ status: 'error', error: { kind: 'not_found' } });
});
