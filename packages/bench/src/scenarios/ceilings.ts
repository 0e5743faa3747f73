/** What the parts could do at most, each alone and composed by hand, in the same run: what is left is ours. */
import { connectStore, migrate } from '@noetl/store';
import { connectNats } from '../connect-nats.ts';
import pg from 'pg';
import { counted, publishAll, resetCarrier } from '../carrier.ts';
import { Crew } from '../crew/crew.ts';
import { chunks, type Job, type PrototypeJob, type RunnerJob, type StoreJob } from '../crew/job.ts';
import type { ChunkMessage } from '../crew/prototype.ts';
import { emptyTables } from '../event-rows.ts';
import type { Language } from '../item-code.ts';
import { repeated, row, type Row, type RunOptions, type Scenario } from '../scenario.ts';
import { type Services, startServices } from '../stage.ts';

const PROCESSES = 2;
const ITEMS_MAX = 100_000;
const PROTOTYPE_IN_FLIGHT = 2;

interface Measurement extends Pick<Row, 'key' | 'label' | 'unit'> {
  items: number;
  /** Milliseconds of one measurement. */
  once: () => Promise<number>;
}

export const ceilings: Scenario = {
  name: 'ceilings',
  describe:
    'Bare COPY and INSERT of 1,000 rows, resident runners alone, runners piped into COPY, and a bare chunked design: what is possible without the product’s promises.',
  run: async (options) => {
    const services = await startServices(options);
    const db = new pg.Client({ connectionString: services.databaseUrl });
    try {
      await migrated(services.databaseUrl);
      await db.connect();
      const rows: Row[] = [];
      for (const measurement of measurements(options, services, db))
        rows.push(await measure(options, measurement));
      return rows;
    } finally {
      await db.end();
      await services.stop();
    }
  },
};

async function migrated(url: string): Promise<void> {
  const about = { url, maxConnections: 1, applicationName: 'bench', onError: () => undefined };
  const store = connectStore(about);
  await migrate(store);
  await store.close();
}

function measurements(options: RunOptions, services: Services, db: pg.Client): Measurement[] {
  const { databaseUrl } = services;
  const [padding = 100] = options.padding;
  const items = Math.min(ITEMS_MAX, Math.max(...options.items));
  const crew = (jobs: Job[]) => async () => {
    await emptyTables(db);
    return timed(options, jobs);
  };
  const storing = (how: StoreJob['how'], label: string): Measurement => ({
    key: `ceiling/${how}`,
    label,
    unit: 'rows/s',
    items,
    once: crew(halves(items).map((half) => ({ kind: 'store', how, databaseUrl, padding, ...half }))),
  });
  const running = (language: Language, stored: boolean): Measurement => ({
    key: `ceiling/${stored ? 'composed' : 'runner'}/${language}`,
    label: `${String(PROCESSES)} resident ${language} runners ${stored ? 'piped into COPY' : 'alone'}`,
    unit: 'items/s',
    items,
    once: crew(
      halves(items).map((half): RunnerJob => {
        const job: RunnerJob = { kind: 'runner', language, padding, ...half };
        return stored ? { ...job, databaseUrl } : job;
      }),
    ),
  });
  return [
    storing('copy', 'COPY of 1,000 rows, 2 connections'),
    storing('recordset', 'INSERT of 1,000 rows by json_to_recordset, 2 connections'),
    ...(['javascript', 'python'] as const).flatMap((language) => [
      running(language, false),
      running(language, true),
    ]),
    {
      key: 'ceiling/chunked',
      label: 'bare chunked design, JavaScript in the worker, 2 processes',
      unit: 'items/s',
      items,
      once: async () => {
        await emptyTables(db);
        return chunked(options, services, db, { items, padding });
      },
    },
  ];
}

async function measure(options: RunOptions, { key, label, unit, items, once }: Measurement): Promise<Row> {
  const samples = await repeated(options.repeat, async (round) => {
    options.progress(`${label}: ${String(round)} of ${String(options.repeat)}`);
    return (items / (await once())) * 1000;
  });
  return row({ key, label, unit, samples, facts: { items } });
}

async function timed(options: RunOptions, jobs: Job[]): Promise<number> {
  const crew = await Crew.start(options, jobs);
  try {
    return await crew.work();
  } finally {
    await crew.stop();
  }
}

/** From the first message to the full counter. */
async function chunked(
  options: RunOptions,
  { databaseUrl, natsUrl }: Services,
  db: pg.Client,
  { items, padding }: { items: number; padding: number },
): Promise<number> {
  const messages: ChunkMessage[] = [...chunks(0, items)].map((range, chunk) => ({ chunk, ...range }));
  await db.query('INSERT INTO bench.loop VALUES (1, 0)');
  await db.query(`INSERT INTO bench.chunk SELECT n, 'pending' FROM generate_series(0, $1::int - 1) AS n`, [
    messages.length,
  ]);
  const connection = await connectNats(natsUrl);
  const job: PrototypeJob = {
    kind: 'prototype',
    databaseUrl,
    natsUrl,
    padding,
    inFlight: PROTOTYPE_IN_FLIGHT,
  };
  const bucket = await resetCarrier(connection, items, 'parallel');
  const crew = await Crew.start(
    options,
    Array.from({ length: PROCESSES }, () => job),
  );
  try {
    void crew.work().catch(() => undefined);
    const startedAt = performance.now();
    await publishAll(connection, messages);
    await crew.whileAlive(counted(bucket));
    return performance.now() - startedAt;
  } finally {
    await crew.stop();
    await connection.close();
  }
}

/** Equal shares of `[0, items)`, one for each process. */
function halves(items: number): { from: number; to: number }[] {
  const share = Math.ceil(items / PROCESSES);
  return Array.from({ length: PROCESSES }, (_, place) => ({
    from: Math.min(items, place * share),
    to: Math.min(items, (place + 1) * share),
  }));
}
