/** Executions take turns: what a huge one has waiting does not stand before what a small one brings. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  platform = await startPlatform({ workers: 2 });
  ring = await RingClient.connect(platform);
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

const sleeping = { kind: 'python', code: 'import time\ntime.sleep(0.01)\nresult = 1' };

function loop(step: string, items: number, spec: object): object {
  return { step, loop: { in: items, iterator: 'item', spec: { mode: 'parallel', ...spec } }, tool: sleeping };
}

/** Ten loops of a million items each, from one execution. */
const wide = Array.from({ length: 10 }, (_, n) => loop(`huge_${String(n)}`, 1_000_000, {}));
const arcs = wide.map((_, n) => ({ step: `huge_${String(n)}` }));
const fork = { step: 'start', tool: { kind: 'noop' }, next: { spec: { mode: 'inclusive' }, arcs } };

async function start(path: string, workflow: object[]): Promise<string> {
  const document = { apiVersion: 'noetl.io/v2', kind: 'Playbook', metadata: { name: path, path }, workflow };
  return ring.execute(await ring.register(JSON.stringify(document)));
}

test.each([
  ['beside ten', 'turns/wide', [fork, ...wide], {}],
  [
    'beside one that wants 500 items at once',
    'turns/deep',
    [loop('start', 1_000_000, { max_in_flight: 500 })],
    {},
  ],
  ['that is sequential, beside ten', 'turns/order', [fork, ...wide], { mode: 'sequential' }],
])('a small loop %s', async (_, path, workflow, spec) => {
  const huge = await start(path, workflow);
  const done = "SELECT 1 FROM noetl.command WHERE execution_id = $1 AND lane = 'chunk' AND state = 'done'";
  await waitFor(async () => (await ring.sql(done, [huge])).length > 20, {
    what: 'the huge one to be under way',
  });
  const small = await start(`${path}/small`, [loop('start', 120, spec)]);
  expect((await ring.ended(small)).status).toBe('COMPLETED');
  expect((await ring.execution(huge)).status).toBe('RUNNING');
  const [seen] = await ring.sql<{ small: number; huge: number }>(
    `WITH s AS (SELECT min(created_at) AS began, max(done_at) AS ended, count(*)::int AS chunks
       FROM noetl.command WHERE execution_id = $2 AND lane = 'chunk')
     SELECT s.chunks AS small, (SELECT count(*)::int FROM noetl.command AS c WHERE c.execution_id = $1
       AND c.lane = 'chunk' AND c.done_at BETWEEN s.began AND s.ended) AS huge FROM s`,
    [huge, small],
  );
  await ring.post(`/api/executions/${huge}/cancel`, { reason: 'seen enough' });
  await ring.ended(huge);
  // Turn and turn about, on four slots; besides, what was running, and what was taken up before the small one was seen.
  expect(seen?.huge).toBeLessThanOrEqual(4 * ((seen?.small ?? 0) + 4));
});
