/**
 * pg-boss on PostgreSQL. Its documentation offers `work()`, which polls (for throughput: batches, `perJobResults`, and
 * `burstWhenBatchFull` against waiting for the next poll; pgboss.io/api/workers), and `fetch()` with `complete()` for
 * those who drive it themselves (pgboss.io/api/jobs). Many jobs are added by `insert()`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { type HeavyItem, type HeavyResult, tally } from './item.ts';
import type { Drive, DriverPlace, Peer, Place, Variant, WorkerPlace } from './peer.ts';
import { connected } from './postgres.ts';
import { pieces, settled } from './settling.ts';

const QUEUE = 'items';
const INSERT_AT_ONCE = 1000;
/** Loops that fetch one job each; measured: more than ten in each process only wait for each other. */
const SINGLE_LOOPS = 10;
/** One loop waits for PostgreSQL while the other computes. */
const BATCH_LOOPS = 2;
const BATCH = 500;
/** The shortest that pg-boss allows. */
const POLL_S = 0.5;
const IDLE_MS = 10;

interface Job {
  id: string;
  data: HeavyItem;
}
interface Boss {
  on(event: 'error', hear: (error: Error) => void): void;
  start(): Promise<unknown>;
  createQueue(name: string): Promise<void>;
  insert(name: string, jobs: { data: HeavyItem }[]): Promise<unknown>;
  work(name: string, options: object, handle: (jobs: Job[]) => Promise<unknown>): Promise<unknown>;
  fetch(name: string, options: object): Promise<Job[]>;
  complete(name: string, id: string | string[], data?: object | null, options?: object): Promise<unknown>;
}
interface PgBoss {
  PgBoss: new (options: object) => Boss;
}

const single: Variant = {
  label: 'pg-boss, one job at a time: fetch, run, complete',
  async work(place) {
    const boss = await started(place, SINGLE_LOOPS);
    for (let loop = 0; loop < SINGLE_LOOPS; loop++) {
      void whileFetched(boss, 1, async ([job]) => {
        if (job === undefined) return;
        await boss.complete(QUEUE, job.id, await place.body(job.data));
        place.done(1);
      });
    }
  },
  drive: driveOutputs,
};

const batched: Variant = {
  label: `pg-boss, work() in batches of ${BATCH}, a result per job`,
  async work(place) {
    const boss = await started(place, BATCH_LOOPS);
    const options = {
      batchSize: BATCH,
      perJobResults: true,
      burstWhenBatchFull: true,
      localConcurrency: BATCH_LOOPS,
      pollingIntervalSeconds: POLL_S,
    };
    await boss.work(QUEUE, options, (jobs) => {
      place.done(jobs.length);
      const outcome = async (job: Job) => ({
        id: job.id,
        status: 'completed',
        output: await place.body(job.data),
      });
      return Promise.all(jobs.map(outcome));
    });
  },
  drive: driveOutputs,
};

const byHand: Variant = {
  label: `pg-boss, fetched and completed by ${BATCH} by hand, results in a table of ours`,
  async work(place) {
    const boss = await started(place, BATCH_LOOPS);
    for (let loop = 0; loop < BATCH_LOOPS; loop++) {
      const client = await connected(place);
      void whileFetched(boss, BATCH, (jobs) => finishTogether(place, boss, client, jobs));
    }
  },
  async drive(place) {
    const client = await connected(place);
    await client.query('CREATE TABLE result (item_id bigint PRIMARY KEY, result json NOT NULL)');
    await client.end();
    return drive(place, 'SELECT result FROM result');
  },
};

/** `complete()` has one output for all its jobs, so the results go into a table, in the same transaction. */
async function finishTogether(place: WorkerPlace, boss: Boss, client: pg.Client, jobs: Job[]): Promise<void> {
  const results = await Promise.all(jobs.map((job) => place.body(job.data)));
  const db = {
    async executeSql(text: string, values?: unknown[]) {
      const { rows } = await client.query<object>(text, values);
      return { rows };
    },
  };
  await client.query('BEGIN');
  await client.query('INSERT INTO result SELECT * FROM unnest($1::bigint[], $2::json[])', [
    results.map((result) => result.item_id),
    results.map((result) => JSON.stringify(result)),
  ]);
  const ids = jobs.map((job) => job.id);
  await boss.complete(QUEUE, ids, null, { db });
  await client.query('COMMIT');
  place.done(jobs.length);
}

async function whileFetched(
  boss: Boss,
  batchSize: number,
  handle: (jobs: Job[]) => Promise<void>,
): Promise<never> {
  for (;;) {
    const jobs = await boss.fetch(QUEUE, { batchSize });
    if (jobs.length > 0) await handle(jobs);
    else await pause(IDLE_MS);
  }
}

function driveOutputs(place: DriverPlace): Promise<Drive> {
  return drive(place, `SELECT output AS result FROM pgboss.job WHERE name = '${QUEUE}'`);
}

async function drive(place: DriverPlace, readBack: string): Promise<Drive> {
  const { PgBoss } = place.load('pg-boss') as PgBoss;
  const boss = new PgBoss({ connectionString: place.url, supervise: false, schedule: false });
  boss.on('error', fail);
  await boss.start();
  await boss.createQueue(QUEUE);
  const client = await connected(place);
  const unfinished = `SELECT 1 FROM pgboss.job WHERE name = '${QUEUE}' AND state <> 'completed' LIMIT 1`;
  return {
    async enqueue() {
      for (const part of pieces(place.items, INSERT_AT_ONCE)) {
        await boss.insert(
          QUEUE,
          part.map((data) => ({ data })),
        );
      }
    },
    async collect() {
      await place.allDone;
      await settled(1, async () => 1 - (await client.query(unfinished)).rows.length);
      const { rows } = await client.query<{ result: HeavyResult }>(readBack);
      return tally(rows.map((row) => row.result));
    },
  };
}

/** Maintenance runs in no process of the measurement: there is nothing to maintain within seconds. */
async function started(place: Place, loops: number): Promise<Boss> {
  const { PgBoss } = place.load('pg-boss') as PgBoss;
  const options = {
    connectionString: place.url,
    max: loops + 1,
    supervise: false,
    schedule: false,
    migrate: false,
  };
  const boss = new PgBoss(options);
  boss.on('error', fail);
  await boss.start();
  return boss;
}

function fail(error: Error): never {
  throw error;
}

export const pgBoss: Peer = {
  name: 'pg-boss',
  packages: { 'pg-boss': '12.38.0' },
  service: 'postgres',
  variants: { single, batched, byHand },
};
