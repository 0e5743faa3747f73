/** Workers on hosts of their own, which share nothing with the others but a network; and that network fails. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { MAIN } from '@noetl/cli/local';
import { canMakeHosts, Hosts } from '../hosts.ts';
import { startTestNats } from '../nats.ts';
import { startPlatform } from '../platform.ts';
import { startTestPostgres } from '../postgres.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';
import { countedItems, exactLoop, expectExactLoop } from './exact-loop.ts';

const ITEMS = 2_000;
const WORKERS = 2;
const LEASE_MS = 1_500;
const ENV = {
  NOETL_HEARTBEAT_MS: '300',
  NOETL_LEASE_MS: String(LEASE_MS),
  NOETL_CHUNK_ACK_WAIT_MS: String(LEASE_MS),
};

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const whereHostsAre = existsSync('/proc/self/ns/net') && canMakeHosts() ? test : test.skip; // Linux, and root

whereHostsAre(
  'a loop over workers on other hosts is exact, though the cable of one is out for a while',
  async () => {
    const postgres = await startTestPostgres();
    ends.push(() => postgres.stop());
    const nats = await startTestNats();
    ends.push(() => nats.stop());
    const hosts = await Hosts.start(WORKERS, [postgres.url, nats.url]);
    ends.push(() => hosts.stop());
    const program = [process.execPath, MAIN] as const;
    const hostOf = (name: string): number => Number(/^worker-(\d+)$/.exec(name)?.[1] ?? 0) - 1;
    const platform = await startPlatform({
      workers: WORKERS,
      postgres,
      nats,
      env: ENV,
      programOf: (name) => (hostOf(name) < 0 ? program : [...hosts.on(hostOf(name)), ...program]),
      envOf: (name) =>
        hostOf(name) < 0
          ? {}
          : { DATABASE_URL: hosts.urlFor(postgres.url), NATS_URL: hosts.urlFor(nats.url) },
    });
    ends.push(() => platform.stop());
    const ring = await RingClient.connect(platform);
    ends.push(() => ring.close());

    const id = await ring.execute(await ring.register(exactLoop('hosts', { items: ITEMS, ms: 5 })));
    await waitFor(async () => (await countedItems(ring, id)) > 0, { what: 'the first items' });
    await hosts.pull(0);
    const atPull = await countedItems(ring, id);
    // The host may hold locks in Postgres; they end with its transaction's time.
    await waitFor(async () => (await countedItems(ring, id)) > atPull, { what: 'items of the other host' });
    await delay(2 * LEASE_MS);
    await hosts.plug(0);
    await expectExactLoop(ring, id, ITEMS);
    expect(platform.processes.ended()).toEqual([]);

    const workers = async (): Promise<boolean> => {
      const again = await ring.run(await ring.register(exactLoop('again', { items: 100, ms: 10 })));
      const seen = await ring.sql(
        `SELECT DISTINCT worker_id FROM noetl.event WHERE execution_id = $1 AND loop_name = 'items'`,
        [again.execution_id],
      );
      return seen.length === WORKERS;
    };
    await waitFor(workers, { what: 'work on both hosts', timeoutMs: 60_000 });
  },
);
