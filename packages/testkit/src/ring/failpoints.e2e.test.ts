/** Processes die at every named place of a loop, once each: nothing is lost, nothing counted twice. */
import { afterEach, expect, test } from '@jest/globals';
import { FAILPOINTS } from '@noetl/service';
import { fetchAsAdmin } from '../auth.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';
import { exactLoop, expectExactLoop } from './exact-loop.ts';

const ITEMS = 300;

let platform: TestPlatform;
let ring: RingClient;

afterEach(async () => {
  await ring.close();
  await platform.stop();
});

/** What a process starts with; it starts again without it. */
async function start(rules: Record<string, string>): Promise<void> {
  const armed = new Map(Object.entries(rules));
  const env = {
    NOETL_HEARTBEAT_MS: '300',
    NOETL_LEASE_MS: '1500',
    NOETL_CHUNK_ACK_WAIT_MS: '1500',
    NOETL_STEP_ACK_WAIT_MS: '1500',
  };
  const envOf = (name: string): Record<string, string> => {
    const rule = armed.get(name);
    armed.delete(name);
    return rule === undefined ? {} : { NOETL_FAILPOINTS: rule };
  };
  platform = await startPlatform({ workers: 2, env, envOf });
  ring = await RingClient.connect(platform);
}

/** Starts again whoever has died, until all of `expected` have died once. */
async function mourn(expected: string[]): Promise<void> {
  const missing = new Set(expected);
  await waitFor(
    async () => {
      for (const { name, code } of platform.processes.ended()) {
        expect(code).toBeNull();
        missing.delete(name);
        await platform.processes.restart(name, { ready: false });
      }
      return missing.size === 0;
    },
    { what: `the deaths of ${expected.join(', ')}`, timeoutMs: 60_000 },
  );
  await platform.processes.ready();
}

const worker = FAILPOINTS.filter((name) => name.startsWith('worker.'));

test.each(worker)('both workers die at %s', async (name) => {
  await start({ 'worker-1': `${name}:kill@2`, 'worker-2': `${name}:kill@3` });
  const id = await ring.execute(await ring.register(exactLoop('workers', { items: ITEMS, ms: 5 })));
  await mourn(['worker-1', 'worker-2']);
  await expectExactLoop(ring, id, ITEMS);
});

test.each(['aggregator.counted', 'aggregator.closed'] as const)('the aggregator dies at %s', async (name) => {
  await start({ aggregator: `${name}:kill` });
  const id = await ring.execute(await ring.register(exactLoop('aggregator', { items: ITEMS, ms: 0 })));
  await mourn(['aggregator']);
  await expectExactLoop(ring, id, ITEMS);
});

test.each(['api.decided', 'api.published'] as const)(
  'the api dies at %s, and the client asks again',
  async (name) => {
    await start({ api: `${name}:kill` });
    const path = await ring.register(exactLoop('api', { items: ITEMS, ms: 0 }));
    const ask = (): Promise<{ execution_id?: string }> =>
      fetchAsAdmin(`${platform.url}/api/execute`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'once' },
        body: JSON.stringify({ path }),
      }).then((answer) => answer.json() as Promise<{ execution_id?: string }>);
    await expect(ask()).rejects.toThrow();
    await mourn(['api']);
    const { execution_id: id } = await waitFor(ask, { what: 'an answer' });
    await expectExactLoop(ring, id ?? '', ITEMS);
    expect(await ring.sql('SELECT 1 FROM noetl.execution')).toHaveLength(1);
  },
);
