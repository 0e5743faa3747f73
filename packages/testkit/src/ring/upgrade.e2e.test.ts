/**
 * A rolling upgrade: processes of two builds side by side, killed one by one while loops run. NOETL_UPGRADE_FROM names
 * the main program of the other build (`npm run upgrade -- --from REF` makes one); without it both are this build.
 */
import { afterEach, expect, test } from '@jest/globals';
import { MAIN } from '@noetl/cli/local';
import { startPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';
import { exactLoop, expectExactLoop } from './exact-loop.ts';

const FROM = process.env['NOETL_UPGRADE_FROM'];
const ITEMS = 8_000;
const MS = 5;
const WORKERS = 3;
const TIMEOUT_MS = 180_000;
const TIMING = { NOETL_LEASE_MS: '2000', NOETL_CHUNK_ACK_WAIT_MS: '2000', NOETL_HEARTBEAT_MS: '400' };

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test(
  `loops are exact while processes of ${FROM === undefined ? 'one build' : 'another build'} are replaced one by one`,
  async () => {
    const upgraded = new Set<string>();
    const platform = await startPlatform({
      workers: WORKERS,
      env: TIMING,
      roles: FROM === undefined,
      programOf: (name) => [process.execPath, upgraded.has(name) ? MAIN : (FROM ?? MAIN)],
    });
    ends.push(() => platform.stop());
    const ring = await RingClient.connect(platform);
    ends.push(() => ring.close());
    const path = await ring.register(exactLoop('upgrade', { items: ITEMS, ms: MS }));
    const before = await ring.execute(path);

    upgraded.add('migrate');
    await platform.processes.migrate();
    const replace = async (name: string, to: 'new' | 'old' = 'new'): Promise<void> => {
      await someItemsLater(ring);
      if (to === 'new') upgraded.add(name);
      else upgraded.delete(name);
      await platform.kill(name);
      await platform.restart(name);
    };
    await replace('worker-1');
    await replace('aggregator');
    // Started by the old api, run by workers of both builds.
    const between = await ring.execute(path);
    await replace('api');
    const after = await ring.execute(path);
    await replace('worker-2');
    // Whoever finds something amiss goes back, while others have gone on.
    await replace('worker-1', 'old');
    await replace('worker-3');
    await replace('worker-1');

    for (const id of [before, between, after]) await expectExactLoop(ring, id, ITEMS, TIMEOUT_MS);
    expect(platform.processes.ended()).toEqual([]);
  },
  TIMEOUT_MS,
);

/** Of all executions together: each process has work before it goes, and after it came. */
async function someItemsLater(ring: RingClient): Promise<void> {
  const counted = async (): Promise<number> => {
    const [all] = await ring.sql<{ sum: number }>(
      'SELECT coalesce(sum(completed), 0)::int AS sum FROM noetl.loop',
    );
    return all?.sum ?? 0;
  };
  const until = (await counted()) + ITEMS / 20;
  await waitFor(async () => (await counted()) >= until, { what: 'further items', timeoutMs: 60_000 });
}
