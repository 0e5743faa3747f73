/** The baseline: what the seed's literal design makes on the same machine, in the same run, with the same items. */
import { clockId } from '@noetl/protocol';
import { connectStore, ensurePartitions, migrate } from '@noetl/store';
import { connectNats } from '../connect-nats.ts';
import pg from 'pg';
import { Crew } from '../crew/crew.ts';
import type { NaiveJob } from '../crew/job.ts';
import { item, type Language } from '../item-code.ts';
import { counted, publishAll, resetCarrier } from '../carrier.ts';
import type { NaiveMessage } from '../crew/naive.ts';
import { repeated, row, type Row, type RunOptions, type Scenario } from '../scenario.ts';
import { startServices } from '../stage.ts';

const PROCESSES = 2;
/** Messages that a process works on at once; more only lose more compare-and-sets on the one counter. */
const IN_FLIGHT = 4;
/** Items of a measurement: the rate does not depend on them, and the design is slow. */
const ITEMS_MAX = { parallel: 5_000, sequential: 1_000 };
const QUICK_ITEMS_MAX = { parallel: 800, sequential: 150 };

interface Variant {
  language: Language;
  sequential: boolean;
}

export const naive: Scenario = {
  name: 'naive',
  describe:
    'The seed’s literal design: one JetStream message, one INSERT and one K/V compare-and-set an item, 2 worker processes with warm code.',
  run: async (options) => {
    const services = await startServices(options);
    try {
      const store = connectStore({
        url: services.databaseUrl,
        maxConnections: 1,
        applicationName: 'bench',
        onError: () => undefined,
      });
      await migrate(store);
      await ensurePartitions(store, Date.now());
      await store.close();
      const rows: Row[] = [];
      for (const variant of variants(options)) rows.push(await measure(options, services, variant));
      return rows;
    } finally {
      await services.stop();
    }
  },
};

/** The short run leaves out sequential JavaScript. */
function variants({ quick }: RunOptions): Variant[] {
  const all = (['javascript', 'python'] as const).flatMap((language) =>
    [false, true].map((sequential) => ({ language, sequential })),
  );
  return quick ? all.filter(({ language, sequential }) => language === 'python' || !sequential) : all;
}

async function measure(
  options: RunOptions,
  services: { databaseUrl: string; natsUrl: string },
  { language, sequential }: Variant,
): Promise<Row> {
  const mode = sequential ? 'sequential' : 'parallel';
  const most = options.quick ? QUICK_ITEMS_MAX : ITEMS_MAX;
  const items = Math.min(most[mode], Math.max(...options.items));
  const [padding = 100] = options.padding;
  const label = `naive design, ${language}, ${mode}`;
  const { databaseUrl, natsUrl } = services;
  const job: Omit<NaiveJob, 'executionId'> = {
    kind: 'naive',
    databaseUrl,
    natsUrl,
    language,
    items,
    padding,
    sequential,
    inFlight: IN_FLIGHT,
  };
  const samples = await repeated(
    options.repeat,
    async (round) => {
      options.progress(`${label}: ${String(round)} of ${String(options.repeat)}`);
      return (items / (await once(options, { ...job, executionId: clockId(Date.now()).toString() }))) * 1000;
    },
    options.secondsPerFigure,
  );
  return row({ key: `naive/${language}/${mode}`, label, unit: 'items/s', samples, facts: { items } });
}

/** Milliseconds from the first message to the full counter. */
async function once(options: RunOptions, job: NaiveJob): Promise<number> {
  const connection = await connectNats(job.natsUrl);
  try {
    const bucket = await resetCarrier(connection, job.items, job.sequential ? 'sequential' : 'parallel');
    const crew = await Crew.start(
      options,
      Array.from({ length: PROCESSES }, () => job),
    );
    try {
      void crew.work().catch(() => undefined);
      const startedAt = performance.now();
      await publishAll(connection, messages(job.sequential ? 1 : job.items));
      await crew.whileAlive(counted(bucket));
      const ms = performance.now() - startedAt;
      await verify(job);
      return ms;
    } finally {
      await crew.stop();
    }
  } finally {
    await connection.close();
  }
}

function* messages(count: number): Generator<NaiveMessage> {
  for (let index = 0; index < count; index++) yield { index, item: item(index) };
}

async function verify({ databaseUrl, executionId, items }: NaiveJob): Promise<void> {
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    const { rows } = await db.query<{ n: number }>(
      'SELECT count(DISTINCT current_index)::int AS n FROM noetl.event WHERE execution_id = $1',
      [executionId],
    );
    if (rows[0]?.n !== items)
      throw new Error(`the naive design stored ${String(rows[0]?.n)} of ${String(items)} items`);
  } finally {
    await db.end();
  }
}
