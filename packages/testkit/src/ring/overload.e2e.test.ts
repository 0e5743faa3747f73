/** Back-pressure: more work than the installation is meant to hold is refused, and taken once there is room. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fetchAsAdmin } from '../auth.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

const EXECUTIONS_MAX = 5;

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  platform = await startPlatform({ workers: 1, env: { NOETL_EXECUTIONS_MAX: String(EXECUTIONS_MAX) } });
  ring = await RingClient.connect(platform);
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

test('429 with Retry-After above the limit, 201 once something has ended', async () => {
  const document = {
    apiVersion: 'noetl.io/v2',
    kind: 'Playbook',
    metadata: { name: 'long', path: 'overload/long' },
    workflow: [
      { step: 'start', tool: { kind: 'python', code: 'import time\ndef main():\n  time.sleep(600)' } },
    ],
  };
  const path = await ring.register(JSON.stringify(document));
  const body = JSON.stringify({ path });
  const execute = (key?: string): Promise<Response> =>
    fetchAsAdmin(`${platform.url}/api/execute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
      body,
    });
  const first = (await (await execute('first')).json()) as { execution_id: string };
  const answers = await Promise.all(Array.from({ length: 3 * EXECUTIONS_MAX - 1 }, () => execute()));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 201)).toHaveLength(EXECUTIONS_MAX - 1);
  expect(statuses.filter((status) => status === 429)).toHaveLength(2 * EXECUTIONS_MAX);
  const refused = answers.find(({ status }) => status === 429);
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused?.json()).toMatchObject({ code: 'OVERLOADED' });
  const again = await execute('first');
  expect([again.status, await again.json()]).toMatchObject([200, first]);
  expect((await ring.post(`/api/executions/${first.execution_id}/rerun`, {})).status).toBe(429);
  const taken = answers.find(({ status }) => status === 201);
  const { execution_id } = (await taken?.json()) as { execution_id: string };
  await ring.post(`/api/executions/${execution_id}/cancel`, {});
  await waitFor(async () => (await execute()).status === 201, { what: 'room', timeoutMs: 20_000 });
}, 120_000);
