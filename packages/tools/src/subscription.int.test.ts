/** Streams of a real nats-server: publishing, polling, and servers that refuse, vanish or come back. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { JsonObject } from '@noetl/protocol';
import { startTestNats, waitFor, type TestNats } from '@noetl/testkit';
import { connect, type NatsConnection } from 'nats';
import { runBatch } from './harness.ts';
import { createToolbox, type Toolbox, type ToolEnvironment } from './index.ts';

let toolbox: Toolbox;
let nats: TestNats;
let admin: NatsConnection;

beforeAll(async () => {
  nats = await startTestNats({ open: true });
  toolbox = createToolbox({ runners: 1 });
  admin = await connect({ servers: nats.url });
  const manager = await admin.jetstreamManager();
  await manager.streams.add({ name: 'ORDERS', subjects: ['orders.>'] });
});

afterAll(async () => {
  await admin.close();
  await toolbox.close();
  await nats.stop();
});

let published = 0;

async function outcome(kind: string, config: JsonObject, environment: Partial<ToolEnvironment> = {}) {
  published += 1;
  const auth = { nats_url: nats.url };
  const items = [{ input: {}, idempotency_key: `call-${String(published)}`, attempt: 1 }];
  const [one] = await runBatch(toolbox, kind, '', [{}], {
    config: { auth, ...config },
    environment,
    batch: { items },
  });
  if (!one) throw new Error('no outcome');
  return one;
}

async function run(kind: string, config: JsonObject): Promise<JsonObject> {
  const one = await outcome(kind, config);
  if (one.status === 'error') throw new Error(JSON.stringify(one.error));
  return JSON.parse(one.text) as JsonObject;
}

const publish = (subject: string, data: unknown, more: JsonObject = {}) =>
  run('nats', { operation: 'js_publish', subject, data: data as JsonObject, ...more });

describe('publishing', () => {
  test('a message, its look and its stream', async () => {
    const sent = await publish('orders.look', { a: 1 }, { headers: { 'X-Kind': 'new' }, stream: 'ORDERS' });
    expect(sent).toMatchObject({ status: 'success', stream: 'ORDERS', duplicate: false });
    const message = { found: true, subject: 'orders.look', data: { a: 1 }, headers: { 'X-Kind': 'new' } };
    const bySubject = { operation: 'js_get_msg', stream: 'ORDERS', subject: 'orders.look' };
    expect(await run('nats', bySubject)).toMatchObject(message);
    const sequence = sent['sequence'] as number;
    expect(await run('nats', { operation: 'js_get_msg', stream: 'ORDERS', sequence })).toMatchObject(message);
    const missing = await run('nats', { operation: 'js_get_msg', stream: 'ORDERS', sequence: 999_999 });
    expect(missing).toMatchObject({ found: false, data: null });
    const info = await run('nats', { operation: 'js_stream_info', stream: 'ORDERS' });
    expect(info).toMatchObject({ config: { subjects: ['orders.>'] }, state: { last_seq: sequence } });
  });

  test('a retry of the same work is stored once', async () => {
    const item = { input: {}, idempotency_key: 'same', attempt: 1 };
    const config = { auth: { nats_url: nats.url }, operation: 'js_publish', subject: 'orders.once', data: 1 };
    const outcomes = await runBatch(toolbox, 'nats', '', [], { config, batch: { items: [item, item] } });
    const duplicates = outcomes.map(
      (one) => one.status === 'ok' && (JSON.parse(one.text) as JsonObject)['duplicate'],
    );
    expect(duplicates).toEqual([false, true]);
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['a subject nobody takes', { operation: 'js_publish', subject: 'none', data: 1 }, { kind: 'not_found' }],
    ['wildcards', { operation: 'js_publish', subject: 'orders.*', data: 1 }, { code: 'TOOL_CONFIG' }],
    ['another stream', { operation: 'js_stream_info', stream: 'NONE' }, { kind: 'not_found' }],
    ['a message of no stream', { operation: 'js_get_msg', stream: 'NONE', seq: 1 }, { kind: 'not_found' }],
  ])('refused: %s', async (_, config, error) => {
    expect(await outcome('nats', config)).toMatchObject({ status: 'error', error });
  });
});

describe('polling', () => {
  test('a group reads each message once, in batches, without waiting at the end', async () => {
    for (const n of [1, 2, 3]) await publish('orders.poll', { n });
    const config = { source: 'nats', operation: 'poll', topic: 'orders.poll', group: 'readers', batch: 2 };
    const startedAt = performance.now();
    const first = await run('subscription', config);
    expect(first).toMatchObject({ messages: [{ data: { n: 1 } }, { data: { n: 2 } }], count: 2 });
    expect((first['messages'] as JsonObject[])[0]).toEqual({
      subject: 'orders.poll',
      data: { n: 1 },
      headers: expect.objectContaining({ 'Nats-Msg-Id': expect.any(String) }),
      sequence: expect.any(Number),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(await run('subscription', config)).toMatchObject({ messages: [{ data: { n: 3 } }], count: 1 });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    const empty = await run('subscription', { ...config, timeout_ms: 200 });
    expect(empty).toEqual({ messages: [], count: 0 });
  });

  test('without ack the messages stay', async () => {
    await publish('orders.keep', 1);
    const config = { subject: 'orders.keep', stream: 'ORDERS', durable: 'keep', ack: false, timeout_ms: 300 };
    expect(await run('subscription', config)).toMatchObject({ count: 1 });
    const manager = await admin.jetstreamManager();
    expect((await manager.consumers.info('ORDERS', 'keep')).num_ack_pending).toBe(1);
  });

  test('js_consume without a name reads from the beginning each time', async () => {
    await publish('orders.again', 'x');
    const config = { operation: 'js_consume', stream: 'ORDERS', subject: 'orders.again', timeout_ms: 300 };
    for (const _ of [1, 2]) expect(await run('nats', config)).toMatchObject({ status: 'success', count: 1 });
  });

  test('the signal ends the wait, and gives back what was read', async () => {
    await publish('orders.end', 1);
    const config = { topic: 'orders.end', group: 'end', batch: 5, timeout_ms: 60_000, ack: true };
    expect(await run('subscription', { ...config, batch: 1 })).toMatchObject({ count: 1 });
    const late = await outcome('subscription', config, { timeout_ms: 300 });
    expect(late).toMatchObject({ status: 'error', error: { code: 'TOOL_TIMEOUT' } });
    await publish('orders.end', 2);
    expect(await run('subscription', config)).toMatchObject({ messages: [{ data: 2 }] });
  });

  test.each<[string, JsonObject, JsonObject]>([
    ['kafka', { source: 'kafka', topic: 'orders.a' }, { code: 'TOOL_UNAVAILABLE' }],
    ['another operation', { operation: 'push', topic: 'orders.a' }, { code: 'TOOL_CONFIG' }],
    ['no topic', {}, { code: 'TOOL_CONFIG' }],
    ['a topic of no stream', { topic: 'nothing.a' }, { kind: 'not_found' }],
    ['a start', { topic: 'orders.a', deliver_policy: 'some' }, { code: 'TOOL_CONFIG' }],
    ['half a message', { topic: 'orders.a', batch: 0.5 }, { code: 'TOOL_CONFIG' }],
  ])('refused: %s', async (_, config, error) => {
    expect(await outcome('subscription', config)).toMatchObject({ status: 'error', error });
  });
});

describe('servers', () => {
  test('one that is away fails as a connection', async () => {
    const config = {
      auth: { nats_url: 'nats://127.0.0.1:1' },
      operation: 'js_stream_info',
      stream: 'ORDERS',
    };
    const away = await outcome('nats', config);
    expect(away).toMatchObject({ status: 'error', error: { kind: 'connection', retryable: true } });
    expect(away.duration_ms).toBeLessThan(5_500);
  });

  test('one that vanishes fails as a connection, and serves again when it is back', async () => {
    const own = await startTestNats({ open: true });
    const config = { auth: { url: own.url }, operation: 'kv_put', bucket: 'b', key: 'k', value: 1 };
    expect((await outcome('nats', config)).status).toBe('ok');
    await own.kill();
    const gone = await outcome('nats', config);
    expect(gone).toMatchObject({ status: 'error', error: { kind: 'connection', retryable: true } });
    expect(gone.duration_ms).toBeLessThan(6_000);
    const back = await own.again();
    expect((await outcome('nats', config)).status).toBe('ok');
    await back.stop();
  });

  test('more servers than connections are kept for', async () => {
    const users = Array.from({ length: 40 }, (_, n) => ({ nats_url: nats.url, nats_user: `u${String(n)}` }));
    const calls = users.map((auth) =>
      outcome('nats', { auth, operation: 'js_stream_info', stream: 'ORDERS' }),
    );
    expect((await Promise.all(calls)).map((one) => one.status)).toEqual(users.map(() => 'ok'));
    const open = async () => {
      const reply = await fetch(`${nats.monitorUrl}/connz`);
      return ((await reply.json()) as { num_connections: number }).num_connections;
    };
    await waitFor(async () => (await open()) < 20, { what: 'idle connections to be closed' });
  });
});
