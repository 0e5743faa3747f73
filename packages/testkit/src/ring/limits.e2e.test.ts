/** Named limits on three workers: a server counts what reaches it at once and in time. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchAsAdmin } from '../auth.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { startProbeServer, type ProbeServer } from '../probe-server.ts';
import { waitFor } from '../wait.ts';
import { RingClient, type Answer } from './client.ts';

let platform: TestPlatform;
let ring: RingClient;
let server: ProbeServer;
/** Key of the server that counts. */
let host: string;

const RETRY_AFTER_S = 4;

beforeAll(async () => {
  server = await startProbeServer({
    busy: async ({ probe }, response) => {
      if (probe.times.length === 5) response.writeHead(429, { 'retry-after': String(RETRY_AFTER_S) });
      await delay(10);
    },
  });
  host = `host:127.0.0.1:${new URL(server.url).port}`;
  platform = await startPlatform({
    workers: 3,
    env: { NOETL_LEASE_MS: '3000', NOETL_HEARTBEAT_MS: '700' },
  });
  ring = await RingClient.connect(platform);
  const { hostname, port, username, password, pathname } = new URL(platform.databaseUrl);
  const data = {
    db_host: hostname,
    db_port: port,
    db_user: username,
    db_password: decodeURIComponent(password),
    db_name: pathname.slice(1),
  };
  await ring.post('/api/credentials', { name: 'warehouse', type: 'postgres', data });
});

afterEach(async () => {
  const { body } = await ring.get<{ limits: { key: string }[] }>('/api/limits');
  for (const { key } of body.limits) await limits('DELETE', key);
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
  await server.stop();
});

async function limits(method: string, key: string, body?: object): Promise<Answer<Record<string, unknown>>> {
  const response = await fetchAsAdmin(`${platform.url}/api/limits/${encodeURIComponent(key)}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

interface Shape {
  items: number;
  ms?: number;
  step?: object;
}

/** Starts a loop over the server, or over another tool. */
async function start(name: string, { items, ms = 20, step = {} }: Shape): Promise<string> {
  const document = {
    apiVersion: 'noetl.io/v2',
    kind: 'Playbook',
    metadata: { name, path: `limits/${name}` },
    workflow: [
      {
        step: 'start',
        loop: { in: items, iterator: 'item', spec: { mode: 'parallel', max_in_flight: 24 } },
        tool: { kind: 'http', url: `${server.url}/${name}?ms=${String(ms)}` },
        ...step,
      },
    ],
  };
  return ring.execute(await ring.register(JSON.stringify(document)));
}

async function completed(id: string): Promise<void> {
  const { status, error } = await ring.ended(id);
  expect([status, error]).toEqual(['COMPLETED', null]);
}

describe('calls at once', () => {
  test('two executions share what a host allows', async () => {
    await limits('PUT', host, { max_concurrent: 3 });
    const ids = [await start('shared', { items: 80 }), await start('shared', { items: 80 })];
    for (const id of ids) await completed(id);
    expect(server.probe('shared').times).toHaveLength(160);
    expect(server.probe('shared').max).toBe(3);
  });

  test('a change counts while they run', async () => {
    await limits('PUT', host, { max_concurrent: 1 });
    const id = await start('changed', { items: 150 });
    const probe = server.probe('changed');
    await waitFor(() => probe.times.length > 20, { what: 'the first calls' });
    expect(probe.max).toBe(1);
    await limits('PUT', host, { max_concurrent: 6 });
    await completed(id);
    expect(probe.max).toBeGreaterThan(3);
    expect(probe.max).toBeLessThanOrEqual(6);
  });

  test('of a step, by the name that it gives', async () => {
    await limits('PUT', 'reports-eu', { max_concurrent: 2 });
    const code = `import urllib.request; urllib.request.urlopen("${server.url}/named?ms=20").read(); result = 1`;
    const step = {
      tool: { kind: 'python', code },
      spec: { policy: { limit: 'reports-{{ "eu" if iter.item < 60 else "us" }}' } },
    };
    await completed(await start('named', { items: 60, step }));
    expect(server.probe('named').max).toBe(2);
  });

  test('of a credential', async () => {
    await limits('PUT', 'credential:warehouse', { max_concurrent: 2 });
    const query = `SELECT (SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%counted-here%')::int
      AS at_once, pg_sleep(0.02)`;
    const step = { tool: { kind: 'postgres', auth: 'warehouse', query } };
    const id = await start('credential', { items: 60, step });
    await completed(id);
    const [most] = await ring.sql<{ at_once: number }>(
      `SELECT max((result -> 'rows' -> 0 ->> 'at_once')::int) AS at_once FROM noetl.event
       WHERE execution_id = $1 AND loop_name = 'start'`,
      [id],
    );
    expect(most?.at_once).toBe(2);
  });

  test('a worker that is killed gives its slots back', async () => {
    await limits('PUT', host, { max_concurrent: 3 });
    const id = await start('killed', { items: 120 });
    await waitFor(() => server.probe('killed').times.length > 20, { what: 'the first calls' });
    await platform.kill('worker-3');
    await completed(id);
    await platform.addWorker();
    expect(server.probe('killed').max).toBeLessThanOrEqual(3);
  });
});

describe('calls a second', () => {
  test('a burst, then no more than the rate', async () => {
    const [rate, burst, items] = [30, 6, 60];
    await limits('PUT', host, { rate, burst });
    await completed(await start('rate', { items }));
    const { times } = server.probe('rate');
    expect(times).toHaveLength(items);
    const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000;
    // What the bucket gave out in that time; half a second is for a first call that came late.
    expect(burst + rate * (seconds + 0.5)).toBeGreaterThanOrEqual(items);
  });

  test('Retry-After stops all calls to the host, and takes no worker from others', async () => {
    await limits('PUT', host, { max_concurrent: 1 });
    const rules = [
      { when: '{{ output.status == "error" }}', then: { do: 'retry', attempts: 2, delay: 0 } },
      { else: { then: { do: 'continue' } } },
    ];
    const step = { tool: { kind: 'http', url: `${server.url}/busy`, spec: { policy: { rules } } } };
    const paused = await start('busy', { items: 60, step });
    const putOff = `SELECT 1 FROM noetl.command WHERE execution_id = $1 AND state = 'waiting'`;
    await waitFor(async () => (await ring.sql(putOff, [paused])).length > 1, { what: 'chunks that wait' });
    await completed(await start('free', { items: 50, step: { tool: { kind: 'noop' } } }));
    expect((await ring.execution(paused)).status).toBe('RUNNING');
    await completed(paused);
    const { times } = server.probe('busy');
    expect(times).toHaveLength(61);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.max(...gaps)).toBeGreaterThan(RETRY_AFTER_S * 1000 - 100);
  });
});

describe('over HTTP', () => {
  test('set, seen, deleted', async () => {
    expect(await limits('PUT', 'host:a/b', { rate: 2.5 })).toMatchObject({
      status: 200,
      body: { key: 'host:a/b', rate: 2.5, burst: 2.5, max_concurrent: null, running: 0, waiting: 0 },
    });
    expect((await limits('PUT', 'host:a/b', { max_concurrent: 4 })).body).toMatchObject({
      rate: null,
      burst: null,
    });
    expect((await limits('GET', 'host:a/b')).body).toMatchObject({ max_concurrent: 4 });
    expect(await limits('DELETE', 'host:a/b')).toMatchObject({ status: 200 });
    for (const method of ['GET', 'DELETE'])
      expect(await limits(method, 'host:a/b')).toMatchObject({
        status: 404,
        body: { code: 'LIMIT_UNKNOWN' },
      });
  });

  test.each([
    [{}],
    [{ burst: 3 }],
    [{ max_concurrent: 0 }],
    [{ rate: -1 }],
    [{ rate: 1, burst: 3, bust: 1 }],
  ])('%j is refused', async (body) => {
    expect(await limits('PUT', 'wrong', body)).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } });
    expect((await limits('GET', 'wrong')).status).toBe(404);
  });
});
