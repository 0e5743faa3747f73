/** Answers of real servers as the http tool tells them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { JsonObject } from '@noetl/protocol';
import { runBatch } from '../harness.ts';
import { createToolbox, type Toolbox, type ToolOutcome } from '../index.ts';
import { startServer, type TestServer } from './test-server.ts';

let toolbox: Toolbox;
let server: TestServer;
/** What the server answers with next. */
let answer: { status?: number; headers?: Record<string, string | string[]>; body?: string | Buffer } = {};

beforeAll(async () => {
  server = await startServer((_, response) => {
    response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
  });
  toolbox = createToolbox({ runners: 1 });
});

afterAll(async () => {
  await toolbox.close();
  await server.close();
});

async function outcomeOf(given: typeof answer, config: JsonObject = {}): Promise<ToolOutcome> {
  answer = given;
  const url = `${server.url}/p?q=1`;
  const [outcome] = await runBatch(toolbox, 'http', '', [{}], { config: { url, ...config } });
  return outcome as ToolOutcome;
}

async function envelope(given: typeof answer): Promise<JsonObject> {
  const outcome = await outcomeOf(given);
  return JSON.parse(outcome.text ?? 'null') as JsonObject;
}

const typed = (type: string, body: string | Buffer) => ({ headers: { 'content-type': type }, body });

test('the envelope', async () => {
  const headers = { 'Content-Type': 'application/json', 'X-Seen': 'a', 'Set-Cookie': ['a=1', 'b=2'] };
  const told = await envelope({ status: 201, headers, body: '{"a":[1]}' });
  expect(Object.keys(told).sort()).toEqual(['body', 'data', 'elapsed', 'headers', 'status_code', 'url']);
  expect(told).toMatchObject({
    status_code: 201,
    url: `${server.url}/p?q=1`,
    headers: { 'content-type': 'application/json', 'x-seen': 'a', 'set-cookie': 'a=1, b=2' },
    data: { a: [1] },
    body: { a: [1] },
  });
  expect(told['elapsed']).toBeGreaterThanOrEqual(0);
  expect(told['elapsed']).toBeLessThan(10);
});

test.each<[string, typeof answer, unknown]>([
  ['JSON by its content type', typed('application/json; charset=utf-8', '"ä"'), 'ä'],
  ['JSON of a vendor', typed('application/vnd.api+json', '[1]'), [1]],
  ['JSON that is not called so', typed('text/plain', ' {"a":1}'), { a: 1 }],
  ['JSON without a content type', { body: '[true]' }, [true]],
  ['JSON with a byte order mark', typed('application/json', '\uFEFF{"a":1}'), { a: 1 }],
  ['text', typed('text/plain', 'grüße'), 'grüße'],
  ['numbers in text stay text', typed('text/plain', '12'), '12'],
  ['text in another charset', typed('text/plain; charset=iso-8859-1', Buffer.from('ä', 'latin1')), 'ä'],
  ['text in an unknown charset', typed('text/plain; charset=none-such', 'a'), 'YQ=='],
  ['invalid JSON', typed('application/json', '{"a":'), '{"a":'],
  ['binary', typed('application/octet-stream', Buffer.from([0, 255])), 'AP8='],
  ['an image', typed('image/png', 'x'), 'eA=='],
  ['bytes that are called nothing', { body: Buffer.from([1, 255, 254]) }, 'Af/+'],
  ['bytes with a zero', typed('text/plain', 'a\0'), 'YQA='],
  ['empty', typed('text/plain', ''), ''],
  ['empty with a JSON content type', typed('application/json', ''), ''],
  ['204', { status: 204 }, ''],
])('%s', async (_, given, expected) => {
  const told = await envelope(given);
  expect(told['data']).toEqual(expected);
  expect(told['body']).toEqual(expected);
});

describe('failures by status', () => {
  test.each<[number, string, boolean]>([
    [400, 'client_error', false],
    [401, 'auth', false],
    [403, 'auth', false],
    [404, 'not_found', false],
    [408, 'timeout', true],
    [409, 'client_error', false],
    [422, 'client_error', false],
    [429, 'rate_limit', true],
    [500, 'server_error', true],
    [503, 'server_error', true],
  ])('%d is %s', async (status, kind, retryable) => {
    const outcome = await outcomeOf({ status, ...typed('application/json', '{"why":"so"}') });
    if (outcome.status !== 'error') throw new Error('no failure');
    expect(outcome.error).toMatchObject({ code: 'HTTP_STATUS', kind, retryable });
    expect(outcome.error.message).toContain(`HTTP ${String(status)} for GET ${server.url}/p?q=1`);
    expect(outcome.error.message).toContain('{"why":"so"}');
    expect(outcome.error.details).toMatchObject({ http_status: status, status });
    const told = JSON.parse(outcome.text ?? '') as JsonObject;
    expect(told).toMatchObject({ status_code: status, data: { why: 'so' }, body: { why: 'so' } });
  });

  const retryAfter = async (value: string): Promise<unknown> => {
    const outcome = await outcomeOf({ status: 429, headers: { 'Retry-After': value } });
    return outcome.status === 'error' ? outcome.error.details?.['retry_after'] : 'none';
  };

  test('Retry-After in seconds and as a date', async () => {
    expect(await retryAfter('7')).toBe(7);
    const wait = await retryAfter(new Date(Date.now() + 60_000).toUTCString());
    expect(wait).toBeGreaterThan(50);
    expect(wait).toBeLessThanOrEqual(60);
    expect(await retryAfter(new Date(Date.now() - 60_000).toUTCString())).toBeUndefined();
    expect(await retryAfter('soon')).toBeUndefined();
  });

  test('a long body is told in part', async () => {
    const outcome = await outcomeOf({ status: 500, body: 'x'.repeat(10_000) });
    if (outcome.status !== 'error') throw new Error('no failure');
    expect(outcome.error.message.length).toBeLessThan(500);
  });

  test('the answer of HEAD has no body, its status counts', async () => {
    expect(await outcomeOf({ status: 404 }, { method: 'HEAD' })).toMatchObject({
      status: 'error',
      error: { kind: 'not_found' },
    });
  });
});

test('a body larger than 64 MiB is refused', async () => {
  const outcome = await outcomeOf({ body: Buffer.alloc(65 * 1024 * 1024, 'x') });
  expect(outcome).toMatchObject({ status: 'error', error: { code: 'RESULT_TOO_LARGE', retryable: false } });
});
