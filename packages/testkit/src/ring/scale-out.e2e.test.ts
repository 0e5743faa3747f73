/**
 * What a large installation has between its processes, at once: a pooler in transaction mode, three nats-servers whose
 * leaders step down, two replicas of api and aggregator, and workers that come and go while the loop runs.
 */
import { afterEach, expect, test } from '@jest/globals';
import { connectBus, type Bus } from '@noetl/bus';
import { onDatabase, processLogins } from '@noetl/cli/local';
import { grantPrivileges } from '@noetl/store';
import { fetchAsAdmin } from '../auth.ts';
import { NatsCluster, stepDown } from '../nats-cluster.ts';
import { findPgBouncer, startPgBouncer, type PgBouncer } from '../pgbouncer.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { startTestPostgres, type TestPostgres } from '../postgres.ts';
import { Random } from '../random.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';
import { countedItems, exactLoop, expectExactLoop } from './exact-loop.ts';

const ITEMS = 100_000;
const WORKERS = 3;
/** Server connections for each kind of process; its processes have a dozen and more to the pooler. */
const CONNECTIONS = 6;
const STEP_DOWN_MS = 5_000;
/** A worker comes and another goes this often. */
const CHANGE_MS = 4_000;
const TIMEOUT_MS = 280_000;
const TIMING = { NOETL_LEASE_MS: '3000', NOETL_CHUNK_ACK_WAIT_MS: '3000', NOETL_HEARTBEAT_MS: '700' };

const pooler = findPgBouncer();
const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

test(
  `100,000 items are exact through ${pooler ? 'PgBouncer' : '(no PgBouncer here)'} and a NATS cluster whose leaders step down, while workers come and go`,
  async () => {
    const postgres = await startTestPostgres();
    ends.push(() => postgres.stop());
    const cluster = await NatsCluster.start();
    ends.push(() => cluster.stop());
    const pooled = pooler && (await pool(postgres));
    const platform = await startPlatform({
      workers: WORKERS,
      postgres,
      nats: { url: cluster.url },
      env: {
        ...TIMING,
        NOETL_NATS_REPLICAS: '3',
        ...(pooler?.prepared === false && { NOETL_PREPARED_STATEMENTS: 'off' }),
      },
      ...(pooled && { envOf: pooled }),
    });
    ends.push(() => platform.stop());
    const second = await platform.processes.addReplica('api');
    await platform.processes.addReplica('aggregator');
    const ring = await RingClient.connect(platform);
    ends.push(() => ring.close());
    const bus = await connectBus({ url: cluster.url, name: 'test' });
    ends.push(() => bus.close());
    const other = platform.processes.urlOf(second);
    await waitFor(async () => (await fetch(`${other}/api/ready`)).ok, { what: 'the second api' });

    const path = await ring.register(exactLoop('scale-out', { items: ITEMS, ms: 0 }));
    const started = await fetchAsAdmin(`${other}/api/execute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path }),
    });
    const { execution_id: id } = (await started.json()) as { execution_id: string };
    await waitFor(async () => (await countedItems(ring, id)) > 0, { what: 'the first items' });
    const going = { on: true };
    const nemeses = [everyFiveSeconds(bus, going), comeAndGo(platform, going)];
    try {
      await expectExactLoop(ring, id, ITEMS, TIMEOUT_MS);
    } finally {
      going.on = false;
      await Promise.all(nemeses);
    }
    expect(await nemeses[0]).toBeGreaterThan(0);
    expect(await nemeses[1]).toBeGreaterThan(0);
  },
  TIMEOUT_MS * 1.2,
);

/** Environment by process that leads through a pooler, each with its own login. */
async function pool({ url }: TestPostgres): Promise<(name: string) => Record<string, string>> {
  await onDatabase(url, 'test', grantPrivileges);
  const logins = await processLogins({ databaseUrl: url, natsUrl: '' }, { database: true, nats: false });
  const urlOf = (name: string): string => logins(roleOf(name))['DATABASE_URL'] as string;
  const bouncer: PgBouncer = await startPgBouncer(
    pooler as NonNullable<typeof pooler>,
    ['api', 'worker', 'aggregator'].map(urlOf),
    { connections: CONNECTIONS },
  );
  ends.push(() => bouncer.stop());
  return (name) => (name === 'migrate' ? {} : { DATABASE_URL: bouncer.through(urlOf(name)) });
}

function roleOf(name: string): 'api' | 'worker' | 'aggregator' {
  if (name.startsWith('worker')) return 'worker';
  return name.startsWith('api') ? 'api' : 'aggregator';
}

/** All leaders step down; how often. */
async function everyFiveSeconds(bus: Bus, going: { on: boolean }): Promise<number> {
  let times = 0;
  while (going.on) {
    const now = performance.now();
    await stepDown(bus);
    times += 1;
    await waitFor(() => !going.on || performance.now() - now > STEP_DOWN_MS, { what: 'the next step' });
  }
  return times;
}

/** Workers join, and others are told to leave or are killed; how often. */
async function comeAndGo(platform: TestPlatform, going: { on: boolean }): Promise<number> {
  const random = new Random(7);
  let times = 0;
  while (going.on) {
    const now = performance.now();
    await platform.addWorker();
    const workers = platform.processes.names.filter((name) => name.startsWith('worker'));
    await platform.kill(random.pick(workers), random.pick(['SIGTERM', 'SIGKILL']));
    times += 1;
    await waitFor(() => !going.on || performance.now() - now > CHANGE_MS, { what: 'the next change' });
  }
  return times;
}
