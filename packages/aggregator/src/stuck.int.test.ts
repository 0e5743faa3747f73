/** An execution that makes no progress is told with its reason, woken, and counted; one that moves is left alone. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectBus, onAdvance, type Bus } from '@noetl/bus';
import { snowflakes, type Id } from '@noetl/protocol';
import { createLog, failpoints, Metrics } from '@noetl/service';
import {
  beatRuntime,
  connectStore,
  createExecution,
  registerResource,
  type Store,
  workload,
} from '@noetl/store';
import { startTestNats, startTestPostgres, waitFor, type TestNats, type TestPostgres } from '@noetl/testkit';
import { gaugeRound } from './gauges.ts';
import { aggregatorRecorder } from './metrics.ts';
import { stuckSweep } from './stuck.ts';

const newId = snowflakes(6, Date.now);
const log = createLog({ level: 'error', format: 'json', name: 'test' });

const failpoint = failpoints([]);

let postgres: TestPostgres;
let nats: TestNats;
let store: Store;
let bus: Bus;

beforeAll(async () => {
  postgres = await startTestPostgres();
  nats = await startTestNats();
  const onError = (): void => undefined;
  store = connectStore({ url: postgres.url, maxConnections: 4, applicationName: 'test', onError });
  bus = await connectBus({ url: nats.url, name: 'test' });
});

afterAll(async () => {
  await bus.close();
  await store.close();
  await nats.stop();
  await postgres.stop();
});

async function execution(): Promise<Id> {
  const execution_id = newId();
  const entry = { catalog_id: newId(), path: `p${execution_id}`, kind: 'Playbook', content: 'x' };
  const { catalog_id } = await registerResource(store, entry);
  await createExecution(store, { execution_id, catalog_id, path: entry.path, version: 1, payload: {} });
  return execution_id;
}

/** Everything there is to decide on is decided, and nothing has happened for long. */
async function neglect(id: Id, set = 'last_event_id = 5, advanced_event_id = 5'): Promise<void> {
  await store.pool.query(
    `UPDATE noetl.execution SET status = 'RUNNING', updated_at = now() - interval '1 hour', ${set}
     WHERE execution_id = $1`,
    [id],
  );
}

async function addCommand(id: Id, commandId: number, columns: string, values: string): Promise<void> {
  await store.pool.query(
    `INSERT INTO noetl.command (execution_id, command_id, catalog_id, lane, step, ${columns})
     SELECT execution_id, ${String(commandId)}, catalog_id, 'step', 's', ${values}
     FROM noetl.execution WHERE execution_id = $1`,
    [id],
  );
}

test('what is stuck is woken with its reason in the metrics; what a worker holds or waits for is not', async () => {
  const ids = await Promise.all(Array.from({ length: 5 }, () => execution()));
  const [undecided, unclaimed, nothing, held, waiting] = ids as [Id, Id, Id, Id, Id];
  await neglect(undecided, 'last_event_id = 5, advanced_event_id = 4');
  for (const id of [unclaimed, nothing, held, waiting]) await neglect(id);
  const longAgo = `now() - interval '1 hour'`;
  await beatRuntime(store, { name: 'idle', kind: 'worker_pool', capacity: 1, labels: {} });
  await addCommand(unclaimed, 1, 'available_at, created_at', `${longAgo}, ${longAgo}`);
  await addCommand(
    held,
    2,
    'available_at, state, lease_until',
    `${longAgo}, 'leased', now() + interval '1 h'`,
  );
  await addCommand(waiting, 3, 'state, waits_for', `'waiting', 1`);

  const metrics = new Metrics();
  const deps = { store, bus, log, record: aggregatorRecorder(metrics), failpoint, nowMs: Date.now };
  const woken: Id[] = [];
  const listening = onAdvance(bus, (id) => woken.push(id));
  await bus.connection.flush();
  expect(await stuckSweep(deps, metrics)()).toBe(3);
  await waitFor(() => woken.length === 3, { what: 'three notices' });
  await listening.stop();
  expect(new Set(woken)).toEqual(new Set([undecided, unclaimed, nothing]));
  const told = await metrics.text();
  for (const reason of ['undecided', 'unclaimed', 'nothing_open'])
    expect(told).toContain(`noetl_executions_stuck{reason="${reason}"} 1\n`);
  expect(told).toContain('noetl_executions_stuck{reason="loop_idle"} 0\n');

  const work = await workload(store);
  expect(work.executions).toEqual({ running: 5, paused: 0 });
  expect(work.commands).toEqual(
    expect.arrayContaining([
      { lane: 'step', state: 'pending', count: 1 },
      { lane: 'step', state: 'leased', count: 1 },
      { lane: 'step', state: 'waiting', count: 1 },
    ]),
  );
  expect(work.oldest_pending_s).toBeGreaterThan(3_599);
});

test('while NATS is away the work in Postgres is still told, and the round counts as failed', async () => {
  const gone = await connectBus({ url: nats.url, name: 'gone' });
  await gone.close();
  const metrics = new Metrics();
  const deps = { store, bus: gone, log, record: aggregatorRecorder(metrics), failpoint, nowMs: Date.now };
  await expect(gaugeRound(deps, metrics)()).rejects.toThrow();
  expect(await metrics.text()).toMatch(/^noetl_executions_open\{state="running"\} 5$/m);
});
