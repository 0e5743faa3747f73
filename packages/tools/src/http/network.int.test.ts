/** The http tool between servers: redirects, further attempts, time-outs, aborts, no server at all. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { JsonObject } from '@noetl/protocol';
import { runBatch, type RunOptions } from '../harness.ts';
import { createToolbox, type Toolbox, type ToolOutcome } from '../index.ts';
import { json, startServer, type Answer, type TestServer } from './test-server.ts';

let toolbox: Toolbox;
let server: TestServer;
let other: TestServer;
let answer: Answer;

beforeAll(async () => {
  server = await startServer((...call) => {
    answer(...call);
  });
  other = await startServer((asked, response) => {
    json(response, { at: 'other', path: asked.path });
  });
  toolbox = createToolbox({ runners: 1 });
});

afterAll(async () => {
  await toolbox.close();
  await Promise.all([server.close(), other.close()]);
});

beforeEach(() => {
  server.asked.length = 0;
  other.asked.length = 0;
});

async function ask(config: JsonObject, options: RunOptions = {}): Promise<ToolOutcome> {
  const [outcome] = await runBatch(toolbox, 'http', '', [{}], {
    ...options,
    config: { url: server.url, ...config },
  });
  return outcome as ToolOutcome;
}

const valueOf = (outcome: ToolOutcome): JsonObject => JSON.parse(outcome.text ?? 'null') as JsonObject;

describe('redirects', () => {
  const redirect = (status: number, location: string): void => {
    answer = (asked, response) => {
      if (asked.path === '/') response.writeHead(status, { location }).end();
      else json(response, { path: asked.path });
    };
  };

  test.each([301, 302, 303, 307, 308])('%d is followed', async (status) => {
    redirect(status, '/next?a=1');
    const told = valueOf(await ask({}));
    expect(told).toMatchObject({ status_code: 200, url: `${server.url}/next?a=1`, data: { path: '/next' } });
  });

  test.each([
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', '{"a":1}'],
    [308, 'POST', '{"a":1}'],
  ])('a POST after %d is %s', async (status, method, body) => {
    redirect(status, '/next');
    expect(await ask({ method: 'POST', json: { a: 1 } })).toMatchObject({ status: 'ok' });
    expect(server.asked[1]).toMatchObject({ method, body });
  });

  test('not followed: the answer itself, no failure', async () => {
    redirect(302, '/next');
    const outcome = await ask({ follow_redirects: false });
    expect(outcome.status).toBe('ok');
    expect(valueOf(outcome)).toMatchObject({ status_code: 302, headers: { location: '/next' } });
    expect(server.asked).toHaveLength(1);
  });

  test('an endless one ends', async () => {
    redirect(302, '/');
    expect(await ask({})).toMatchObject({ status: 'error', error: { code: 'HTTP_FAILED' } });
  });

  test('secrets stay at their origin', async () => {
    redirect(302, `${other.url}/there`);
    const headers = { Authorization: 'Bearer s', Cookie: 's=1', 'X-Plain': 'p' };
    const auth = { type: 'api_key', api_key: 'secret', header: 'X-Key', headers: { 'X-Also': 'secret' } };
    expect(valueOf(await ask({ headers, auth }))).toMatchObject({ data: { at: 'other' } });
    expect(server.asked[0]?.headers).toMatchObject({ authorization: 'Bearer s', 'x-key': 'secret' });
    const seen = other.asked[0]?.headers ?? {};
    expect(seen['x-plain']).toBe('p');
    for (const name of ['authorization', 'cookie', 'x-key', 'x-also']) expect(seen[name]).toBeUndefined();
  });

  test('secrets go along at the same origin', async () => {
    redirect(302, '/next');
    await ask({ auth: { type: 'bearer', token: 't' } });
    expect(server.asked[1]?.headers['authorization']).toBe('Bearer t');
  });
});

describe('retry', () => {
  const failing = (times: number, status: number, headers = {}): void => {
    answer = (_, response) => {
      if (server.asked.length <= times) response.writeHead(status, headers).end('no');
      else json(response, 'yes');
    };
  };
  const retry = { max_attempts: 3, initial_delay: 0.01 };

  test('fails twice, then succeeds', async () => {
    failing(2, 503);
    expect(valueOf(await ask({ retry, method: 'POST', json: 1 }))).toMatchObject({ data: 'yes' });
    expect(server.asked.map(({ body }) => body)).toEqual(['1', '1', '1']);
  });

  test('fails for good: the answer is still told', async () => {
    failing(9, 503);
    const outcome = await ask({ retry });
    expect(outcome).toMatchObject({ status: 'error', error: { code: 'HTTP_STATUS', kind: 'server_error' } });
    expect(valueOf(outcome)).toMatchObject({ status_code: 503, data: 'no' });
    expect(server.asked).toHaveLength(3);
  });

  test('not on 400, and not unless it is said', async () => {
    failing(9, 400);
    await ask({ retry });
    expect(server.asked).toHaveLength(1);
    failing(9, 503);
    server.asked.length = 0;
    await ask({});
    expect(server.asked).toHaveLength(1);
  });

  test('waits as long as the server says', async () => {
    failing(1, 429, { 'Retry-After': '1' });
    const startedAt = performance.now();
    expect(valueOf(await ask({ retry }))).toMatchObject({ data: 'yes' });
    expect(performance.now() - startedAt).toBeGreaterThan(900);
  });

  test('after a broken connection, too', async () => {
    answer = (_, response) => {
      if (server.asked.length === 1) response.destroy();
      else json(response, 'yes');
    };
    expect(valueOf(await ask({ retry }))).toMatchObject({ data: 'yes' });
  });
});

describe('no answer', () => {
  test('refused', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const outcome = await ask({ url: `http://127.0.0.1:${String(port)}/` });
    const error = { code: 'HTTP_FAILED', kind: 'connection', retryable: true };
    expect(outcome).toMatchObject({
      status: 'error',
      error: { ...error, details: { code: 'ECONNREFUSED' } },
    });
  });

  test('unknown host', async () => {
    const outcome = await ask({ url: 'http://no-such-host.invalid/' });
    expect(outcome).toMatchObject({ status: 'error', error: { code: 'HTTP_FAILED', kind: 'connection' } });
  });

  test('cut off in the middle of the body', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy());
    };
    expect(await ask({})).toMatchObject({ status: 'error', error: { kind: 'connection', retryable: true } });
  });

  test.each<[string, JsonObject, RunOptions]>([
    ['timeout', {}, { environment: { timeout_ms: 100.4 } }],
    ['timeout_seconds', { timeout_seconds: 0.1 }, {}],
  ])('%s ends the request at the server', async (_, config, options) => {
    const gone = closedAtServer();
    expect(await ask(config, options)).toMatchObject({
      status: 'error',
      error: { code: 'TOOL_TIMEOUT', kind: 'timeout', retryable: true },
    });
    await gone;
  });

  test('an abort ends the request at the server', async () => {
    const gone = closedAtServer();
    const aborter = new AbortController();
    const outcome = ask({}, { environment: { signal: aborter.signal } });
    await Promise.race([outcome, arrived]);
    aborter.abort(new Error('enough'));
    await expect(outcome).rejects.toThrow('enough');
    await gone;
  });

  let arrived: Promise<void>;

  /** The server never answers; resolves when the client has gone. */
  function closedAtServer(): Promise<void> {
    return new Promise((resolve) => {
      arrived = new Promise((come) => {
        answer = (_, response) => {
          response.on('close', resolve);
          come();
        };
      });
    });
  }
});
