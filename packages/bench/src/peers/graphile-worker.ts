/**
 * graphile-worker on PostgreSQL, set as its documentation's fastest measurement: 24 jobs at a time, a local queue of
 * 500, completions batched (worker.graphile.org/docs/performance). It keeps no results and deletes what is done, so a
 * task stores its result itself.
 */
import type pg from 'pg';
import { type HeavyItem, type HeavyResult, tally } from './item.ts';
import type { DriverPlace, Drive, Peer, Place, Variant, WorkerPlace } from './peer.ts';
import { connected } from './postgres.ts';
import { pieces, settled } from './settling.ts';

const PRESET = {
  concurrentJobs: 24,
  maxPoolSize: 25,
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
};
/** Two chunks each in flight; a local queue would let one process take them all. */
const CHUNK_PRESET = { concurrentJobs: 2, maxPoolSize: 4 };
const CHUNK = 1000;
const ADD_AT_ONCE = 1000;

/** Prepared once in each connection. A job may run twice, so it must be repeatable. */
const STORE = {
  name: 'store',
  text: 'INSERT INTO result SELECT * FROM unnest($1::bigint[], $2::json[]) ON CONFLICT DO NOTHING',
};

interface JobSpec {
  identifier: string;
  payload: { items: HeavyItem[] };
}
interface GraphileWorker {
  makeWorkerUtils: (options: object) => Promise<{
    migrate(): Promise<void>;
    addJobs(jobs: JobSpec[]): Promise<unknown>;
  }>;
  run: (options: object) => Promise<unknown>;
  Logger: new (scope: () => () => void) => object;
}
interface Helpers {
  withPgClient(use: (client: pg.Client) => Promise<unknown>): Promise<unknown>;
}

const items: Variant = {
  label: 'graphile-worker, one job per item, local queue',
  work: (place) => work(place, PRESET),
  drive: (place) => drive(place, 1),
};

const chunks: Variant = {
  label: `graphile-worker, hand-made jobs of ${CHUNK} items (no per-item events, counts or retries)`,
  work: (place) => work(place, CHUNK_PRESET),
  drive: (place) => drive(place, CHUNK),
};

async function work(place: WorkerPlace, settings: object): Promise<void> {
  const { run } = graphile(place);
  const handle = async (payload: JobSpec['payload'], helpers: Helpers) => {
    const results = await Promise.all(payload.items.map(place.body));
    const values = [results.map((result) => result.item_id), results.map((result) => JSON.stringify(result))];
    await helpers.withPgClient((client) => client.query({ ...STORE, values }));
    place.done(results.length);
  };
  const preset = { worker: { ...settings, connectionString: place.url } };
  await run({ preset, taskList: { handle }, logger: quiet(place), noHandleSignals: true });
}

async function drive(place: DriverPlace, size: number): Promise<Drive> {
  const client = await connected(place);
  await client.query('CREATE TABLE result (item_id bigint PRIMARY KEY, result json NOT NULL)');
  const { makeWorkerUtils } = graphile(place);
  const utils = await makeWorkerUtils({ connectionString: place.url, logger: quiet(place) });
  await utils.migrate();
  const jobs = pieces(place.items, size).map((part) => ({ identifier: 'handle', payload: { items: part } }));
  return {
    async enqueue() {
      for (const part of pieces(jobs, ADD_AT_ONCE)) await utils.addJobs(part);
    },
    async collect() {
      await place.allDone;
      const left = 'SELECT 1 FROM graphile_worker._private_jobs LIMIT 1';
      await settled(1, async () => 1 - (await client.query(left)).rows.length);
      const { rows } = await client.query<{ result: HeavyResult }>('SELECT result FROM result');
      return tally(rows.map((row) => row.result));
    },
  };
}

function graphile(place: Place): GraphileWorker {
  return place.load('graphile-worker') as GraphileWorker;
}

/** It logs every job by default. */
function quiet(place: Place): object {
  const { Logger } = graphile(place);
  return new Logger(() => () => undefined);
}

export const graphileWorker: Peer = {
  name: 'graphile-worker',
  packages: { 'graphile-worker': '0.18.0' },
  service: 'postgres',
  variants: { items, chunks },
};
