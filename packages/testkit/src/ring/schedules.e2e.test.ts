/** Schedules and webhooks on running processes: each due time once, over replicas and kills; each end told once. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchAsAdmin } from '../auth.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

let platform: TestPlatform;
let second: TestPlatform;
let ring: RingClient;
let receiver: Server;
let url: string;
const received: { headers: IncomingMessage['headers']; body: string }[] = [];
/** Answers of the receiver, in order; 200 when none is left. */
const answers: number[] = [];

beforeAll(async () => {
  const env = { NOETL_SWEEP_MS: '200' };
  platform = await startPlatform({ workers: 1, env });
  const services = { postgres: { url: platform.databaseUrl }, nats: { url: platform.natsUrl } };
  second = await startPlatform({ workers: 0, env, ...services });
  ring = await RingClient.connect(platform);
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(answers.shift() ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((receiver.address() as AddressInfo).port)}/told`;
  await ring.register(
    'apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x, path: scheduled}\nworkflow: [{step: start, tool: {kind: noop, result: "{{ who }}"}}]',
  );
});

afterAll(async () => {
  await ring.close();
  await second.stop();
  await platform.stop();
  await new Promise((resolve) => receiver.close(resolve));
});

const runs = (who: string): Promise<{ key: string; status: string }[]> =>
  ring.sql(
    `SELECT idempotency_key AS key, status FROM noetl.execution WHERE payload ->> 'who' = $1 ORDER BY execution_id`,
    [who],
  );

describe('schedules', () => {
  test('an interval runs each due time once, whichever replica is killed', async () => {
    const { status, body } = await ring.post<{ schedule_id: string }>('/api/schedules', {
      playbook_path: 'scheduled',
      interval_seconds: 1,
      missed_runs: 'all',
      payload: { who: 'interval' },
    });
    expect(status).toBe(201);
    await waitFor(async () => (await runs('interval')).length >= 2, { what: 'two runs' });
    await second.kill('api');
    await waitFor(async () => (await runs('interval')).length >= 4, { what: 'two more runs' });
    const paused = await fetchAsAdmin(`${platform.url}/api/schedules/${body.schedule_id}`, {
      method: 'PATCH',
      body: JSON.stringify({ enabled: false }),
    });
    expect(((await paused.json()) as { next_run_at: unknown }).next_run_at).toBeNull();
    const keys = (await runs('interval')).map((run) => run.key);
    const times = keys.map((key) => Date.parse(key.split(':').slice(2).join(':')));
    const gaps = times.slice(1).map((time, index) => time - (times[index] as number));
    expect(gaps).toEqual(gaps.map(() => 1000));
    const { body: shown } = await ring.get(`/api/schedules/${body.schedule_id}`);
    expect(shown).toMatchObject({ last_status: 'STARTED', enabled: false });
  });

  test('run now, list, delete', async () => {
    const { body } = await ring.post<{ schedule_id: string }>('/api/schedules', {
      path: 'scheduled',
      cron: '0 0 1 1 *',
      timezone: 'Asia/Tokyo',
      payload: { who: 'by hand' },
    });
    const started = await ring.post<{ execution_id: string }>(`/api/schedules/${body.schedule_id}/run`, {});
    expect((await ring.ended(started.body.execution_id)).result).toBe('by hand');
    const { body: list } = await ring.get<{ schedules: { schedule_id: string; next_run_at: string }[] }>(
      '/api/schedules',
    );
    const shown = list.schedules.find((item) => item.schedule_id === body.schedule_id);
    expect(shown?.next_run_at).toMatch(/-12-31T15:00:00.000Z$/);
    await fetchAsAdmin(`${platform.url}/api/schedules/${body.schedule_id}`, { method: 'DELETE' });
    expect((await ring.get(`/api/schedules/${body.schedule_id}`)).status).toBe(404);
  });

  test.each([
    ['an unknown playbook', { path: 'nowhere', interval_seconds: 5 }, 404, 'PATH_UNKNOWN'],
    ['a bad cron', { path: 'scheduled', cron: 'often' }, 400, 'SCHEDULE_INVALID'],
    ['no time at all', { path: 'scheduled' }, 400, 'SCHEDULE_INVALID'],
  ])('%s is refused', async (_, schedule, status, code) => {
    const answer = await ring.post('/api/schedules', schedule);
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
  });
});

describe('webhooks', () => {
  test('the end is told, signed, and again when the receiver did not want it', async () => {
    received.length = 0;
    const webhook = { url, secret: 'sesame-open', headers: { 'x-mine': 'yes' } };
    const body = { path: 'scheduled', payload: { who: 'told' }, webhook };
    const { execution_id } = (await ring.post<{ execution_id: string }>('/api/execute', body)).body;
    const [told] = await waitFor(() => Promise.resolve(received.length > 0 && received), {
      what: 'the delivery',
    });
    const { headers, body: text } = told as (typeof received)[number];
    expect(JSON.parse(text)).toMatchObject({
      execution_id,
      path: 'scheduled',
      status: 'COMPLETED',
      result: 'told',
    });
    const signed = `${String(headers['x-noetl-timestamp'])}.${text}`;
    const expected = `sha256=${createHmac('sha256', 'sesame-open').update(signed).digest('hex')}`;
    expect(headers).toMatchObject({
      'x-mine': 'yes',
      'x-noetl-delivery': execution_id,
      'x-noetl-signature': expected,
    });
    const state = (): Promise<string> =>
      ring
        .get<{ state: string }>(`/api/executions/${execution_id}/webhook`)
        .then((answer) => answer.body.state);
    await waitFor(async () => (await state()) === 'delivered', { what: 'the delivery to be noted' });
    answers.push(500);
    expect((await ring.post(`/api/executions/${execution_id}/webhook/redeliver`, {})).status).toBe(202);
    const failedOnce = await waitFor(
      async () => {
        const { body: now } = await ring.get(`/api/executions/${execution_id}/webhook`);
        return now['last_error'] !== null && now;
      },
      { what: 'the refused delivery' },
    );
    expect(failedOnce).toMatchObject({
      state: 'pending',
      attempts: 1,
      last_error: 'the receiver answered 500',
    });
    const stored = await ring.sql('SELECT webhook FROM noetl.execution WHERE execution_id = $1', [
      execution_id,
    ]);
    expect(JSON.stringify(stored)).not.toContain('sesame-open');
  });

  test.each(['not a url', 'ftp://example.com', { secret: 'x' }])('%j is refused', async (webhook) => {
    const answer = await ring.post('/api/execute', { path: 'scheduled', webhook });
    expect([answer.status, answer.body['code']]).toEqual([400, 'BODY_INVALID']);
  });
});
