/** Where metrics are served: a port that was asked for is that port or none, the usual one may be another. */
import { afterEach, expect, test } from '@jest/globals';
import { createLog } from '../log.ts';
import type { Service } from '../lifecycle.ts';
import { Metrics } from './registry.ts';
import { metricsServer } from './server.ts';

const running: Service[] = [];

afterEach(async () => {
  for (const service of running.splice(0)) await service.stop();
});

/** Starts a server; where it says that it listens. */
async function serve(
  metricsPort: Parameters<typeof metricsServer>[1]['metricsPort'],
): Promise<string | undefined> {
  const metrics = new Metrics();
  metrics.counter({ name: 'noetl_things_total', help: 'Things.', labels: ['kind'] })({ kind: 'good' }, 3);
  const log = createLog({ name: 'test', level: 'error', format: 'json' });
  let url: string | undefined;
  log.info = ((_: string, fields: { url: string }) => (url = fields.url)) as unknown as typeof log.info;
  const service = metricsServer(metrics, { host: '127.0.0.1', metricsPort }, log);
  await service.start();
  running.push(service);
  return url;
}

test('the text of Prometheus, with what Node.js has to say; and health', async () => {
  const url = (await serve({ port: 0, optional: false })) ?? '';
  const response = await fetch(url);
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const text = await response.text();
  expect(text).toContain('# TYPE noetl_things_total counter\nnoetl_things_total{kind="good"} 3\n');
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \S+$/m);
  expect((await fetch(new URL('/health', url))).status).toBe(200);
  expect((await fetch(new URL('/else', url))).status).toBe(404);
});

test('a port that is taken: another one where that is allowed, else the start fails', async () => {
  const port = Number(new URL((await serve({ port: 0, optional: false })) ?? '').port);
  const other = (await serve({ port, optional: true })) ?? '';
  expect(Number(new URL(other).port)).not.toBe(port);
  expect((await fetch(other)).status).toBe(200);
  await expect(serve({ port, optional: false })).rejects.toThrow('EADDRINUSE');
});

test('off is off', async () => {
  expect(await serve('off')).toBeUndefined();
});
