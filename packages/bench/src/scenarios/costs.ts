/** What an item and a chunk cost each part, and what follows for large installations: the figures of SCALING.md. */
import { median } from 'simple-statistics';
import { demandOf, postgresLimit, rateOf, type Costs } from '../model.ts';
import { cpuSeconds } from '../processes.ts';
import { repeated, row, type Row, type RunOptions, type Scenario, type Unit } from '../scenario.ts';
import { onStage, type Stage } from '../stage.ts';
import { loopOf, once } from './heavy-loop.ts';

const WARM_ITEMS = 2_000;
const MICRO = 1e6;
const DAY_S = 86_400;
/** Workers of one core each, and items a day, that the model is asked about. */
const WORKERS = [10, 100, 1_000];
const ITEMS_A_DAY = 1e9;
const POSTGRES_CORES = 16;

export const costs: Scenario = {
  name: 'costs',
  describe:
    'CPU by process (/proc), write-ahead log, stored bytes, transactions and NATS messages of the largest Python loop, a median of several; below, what a linear model makes of them.',
  run: (options) =>
    onStage(options, { workers: options.workers }, async (stage) => {
      await once(stage, options, { ...loopOf('python', 'parallel'), items: WARM_ITEMS });
      const items = Math.max(...options.items);
      const found = await repeated(
        options.repeat,
        () => measure(stage, options, items),
        options.secondsPerFigure,
      );
      return [...measured(found, items), ...modelled(middle(found))];
    }),
};

async function measure(stage: Stage, options: RunOptions, items: number): Promise<Costs> {
  const before = await counters(stage);
  await once(stage, options, { ...loopOf('python', 'parallel'), items });
  const after = await counters(stage);
  const of = (name: keyof typeof before): number => after[name] - before[name];
  const { chunks, bytes } = await left(stage);
  return {
    cpu: {
      postgres: of('postgres') / items,
      workers: of('workers') / items,
      nats: of('nats') / items,
      control: of('control') / items,
    },
    walBytes: of('wal') / items,
    storedBytes: bytes / items,
    items,
    chunks,
    transactions: of('transactions') / chunks,
    messages: of('messages') / chunks,
  };
}

async function counters({ db, platform, pids, monitorUrl }: Stage) {
  const { rows } = await db.query<{ wal: string; transactions: string }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal, xact_commit AS transactions
     FROM pg_stat_database WHERE datname = current_database()`,
  );
  const nats = (await (await fetch(`${monitorUrl}/varz`)).json()) as { in_msgs: number };
  const cpuOf = (names: string[]): number =>
    names.reduce((sum, name) => sum + cpuSeconds(platform.pid(name)), 0);
  const workers = platform.names.filter((name) => name.startsWith('worker'));
  return {
    wal: Number(rows[0]?.wal),
    transactions: Number(rows[0]?.transactions),
    messages: nats.in_msgs,
    postgres: cpuSeconds(pids['postgres'] as number),
    nats: cpuSeconds(pids['nats-server'] as number),
    workers: cpuOf(workers),
    control: cpuOf(platform.names.filter((name) => !workers.includes(name))),
  };
}

/** Tables were empty before. */
async function left({ db }: Stage): Promise<{ chunks: number; bytes: number }> {
  const { rows } = await db.query<{ chunks: number; bytes: number }>(
    `SELECT (SELECT count(*)::int FROM noetl.command WHERE lane = 'chunk') AS chunks,
       sum(pg_total_relation_size(c.oid))::float8 AS bytes
     FROM pg_class AS c WHERE c.relnamespace = 'noetl'::regnamespace AND c.relkind = 'r'`,
  );
  return rows[0] as { chunks: number; bytes: number };
}

function measured(all: readonly Costs[], items: number): Row[] {
  const figure = (key: string, label: string, unit: Unit, of: (one: Costs) => number): Row =>
    row({ key: `costs/${key}/${String(items)}`, label, unit, samples: all.map(of), facts: { items } });
  return [
    figure('cpu/postgres', 'CPU of Postgres, an item', 'µs', ({ cpu }) => cpu.postgres * MICRO),
    figure('cpu/workers', 'CPU of workers and runners, an item', 'µs', ({ cpu }) => cpu.workers * MICRO),
    figure('cpu/nats', 'CPU of nats-server, an item', 'µs', ({ cpu }) => cpu.nats * MICRO),
    figure('cpu/control', 'CPU of api and aggregator, an item', 'µs', ({ cpu }) => cpu.control * MICRO),
    figure('wal', 'write-ahead log, an item', 'B', ({ walBytes }) => walBytes),
    figure('stored', 'rows and indexes, an item', 'B', ({ storedBytes }) => storedBytes),
    figure('items', 'items, a chunk', '×', ({ items: count, chunks }) => count / chunks),
    figure('transactions', 'transactions, a chunk', '×', ({ transactions }) => transactions),
    figure('messages', 'messages to NATS, a chunk', '×', ({ messages }) => messages),
  ];
}

function middle(all: readonly Costs[]): Costs {
  const of = (pick: (one: Costs) => number): number => median(all.map(pick));
  return {
    cpu: {
      postgres: of(({ cpu }) => cpu.postgres),
      workers: of(({ cpu }) => cpu.workers),
      nats: of(({ cpu }) => cpu.nats),
      control: of(({ cpu }) => cpu.control),
    },
    walBytes: of(({ walBytes }) => walBytes),
    storedBytes: of(({ storedBytes }) => storedBytes),
    items: of(({ items }) => items),
    chunks: of(({ chunks }) => chunks),
    transactions: of(({ transactions }) => transactions),
    messages: of(({ messages }) => messages),
  };
}

function modelled(of: Costs): Row[] {
  const rates: [name: string, rate: number][] = [
    ...WORKERS.map((workers): [string, number] => [`${String(workers)} busy workers`, rateOf(of, workers)]),
    ['10^9 items a day', ITEMS_A_DAY / DAY_S],
  ];
  const rows = rates.map(([name, rate]) => {
    const { itemsPerSecond, ...needs } = demandOf(of, rate);
    return row({
      key: `costs/model/${name}`,
      label: `model: ${name}`,
      unit: 'items/s',
      samples: [itemsPerSecond],
      facts: Object.fromEntries(
        Object.entries(needs).map(([need, value]) => [need, Number(value.toPrecision(3))]),
      ),
    });
  });
  const limit = postgresLimit(of, POSTGRES_CORES);
  const label = `model: all ${String(POSTGRES_CORES)} cores of one Postgres busy`;
  return [...rows, row({ key: 'costs/model/postgres', label, unit: 'items/s', samples: [limit] })];
}
