/**
 * Partitions of the event table: one a day, made ahead, dropped once all executions of the day are past their
 * retention. The DEFAULT partition catches what nobody foresaw; because of it none can be detached concurrently.
 */
import { sql } from 'kysely';
import { clockId, type Id } from '@noetl/protocol';
import { connection, type Store, type Tx } from './database.ts';
import { isBusy, maintenanceStep } from './maintenance-step.ts';

const DAY_MS = 86_400_000;
const DAYS_AHEAD = 7;

interface Day {
  name: string;
  from: Id;
  to: Id;
}

/** The days that should have a partition and have none. */
export async function missingPartitions(store: Store | Tx, nowMs: number): Promise<string[]> {
  return (await missingDays(store, nowMs)).map(({ name }) => name);
}

/**
 * Makes the partitions of today and the days ahead; the names of those that were missing, and of those that must wait
 * because others hold the table.
 */
export async function ensurePartitions(
  store: Store,
  nowMs: number,
): Promise<{ made: string[]; postponed: string[] }> {
  const made: string[] = [];
  const missing = await missingDays(store, nowMs);
  for (const [at, day] of missing.entries()) {
    try {
      if (await maintenanceStep(store, (tx) => makePartition(tx, day))) made.push(day.name);
    } catch (error) {
      if (!isBusy(error)) throw error;
      // Whoever waits for the table waits behind us: one try is enough.
      return { made, postponed: missing.slice(at).map(({ name }) => name) };
    }
  }
  return { made, postponed: [] };
}

async function missingDays(store: Store | Tx, nowMs: number): Promise<Day[]> {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
  const days = Array.from({ length: DAYS_AHEAD + 1 }, (_, ahead): Day => {
    const start = today + ahead * DAY_MS;
    const name = `event_${new Date(start).toISOString().slice(0, 10).replaceAll('-', '_')}`;
    return { name, from: clockId(start).toString(), to: clockId(start + DAY_MS).toString() };
  });
  const { rows } = await sql<{ from: Id }>`
    SELECT d."from" FROM unnest(${days.map(({ name }) => name)}::text[], ${days.map(({ from }) => from)}::bigint[],
      ${days.map(({ to }) => to)}::bigint[]) AS d (name, "from", "to")
    WHERE to_regclass('noetl.' || d.name) IS NULL
      -- Rows of that day may already lie in the DEFAULT partition; then it keeps them, and the day has no own one.
      AND NOT EXISTS (SELECT 1 FROM noetl.event_default AS e
        WHERE e.execution_id >= d."from" AND e.execution_id < d."to")`.execute(connection(store));
  const missing = new Set(rows.map(({ from }) => from));
  return days.filter(({ from }) => missing.has(from));
}

/** False when somebody else has made it meanwhile. */
async function makePartition(tx: Tx, { name, from, to }: Day): Promise<boolean> {
  if (await exists(tx, name)) return false;
  await sql`SELECT noetl.make_event_partition(${name}, ${from}, ${to})`.execute(tx);
  return true;
}

/** Asked of the table of tables: look-ups by name are cached, and the cache may be older than our turn. */
async function exists(tx: Tx, name: string): Promise<boolean> {
  const { rows } = await sql`
    SELECT 1 FROM pg_class WHERE relname = ${name} AND relnamespace = 'noetl'::regnamespace`.execute(tx);
  return rows.length > 0;
}

export interface EventPartition {
  name: string;
  /** Execution ids from here on … */
  from: Id;
  /** … and below this one. */
  to: Id;
  /** As Postgres estimates them. */
  rows: number;
}

/** All but the DEFAULT one, the oldest first. */
export async function listPartitions(store: Store | Tx): Promise<EventPartition[]> {
  const { rows } = await sql<EventPartition>`
    SELECT c.relname AS name, bound[1] AS "from", bound[2] AS "to", greatest(c.reltuples, 0)::float8 AS rows
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid,
      LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM [(]''([0-9]+)''[)] TO [(]''([0-9]+)''[)]') AS bound
    WHERE i.inhparent = 'noetl.event'::regclass AND bound IS NOT NULL
    ORDER BY bound[1]::bigint`.execute(connection(store));
  return rows;
}

/**
 * Drops a partition whose executions have all been marked as past their retention. False when one has not, or the
 * partition is gone already. Throws when others hold the table.
 */
export function dropPartition(store: Store, { name }: EventPartition): Promise<boolean> {
  return maintenanceStep(store, async (tx) => {
    const { rows } = await sql<{ dropped: boolean }>`
      SELECT noetl.drop_event_partition(${name}) AS dropped`.execute(tx);
    return rows[0]?.dropped === true;
  });
}

const ANALYZE_EVERY_HOURS = 24;
const ANALYZE_MAX_MS = 600_000;

/** Whether the parent's statistics are old: autovacuum looks after partitions, never after their parent. */
export async function mustAnalyze(store: Store | Tx): Promise<boolean> {
  const { rows } = await sql<{ due: boolean }>`
    SELECT coalesce(last_analyze < now() - ${ANALYZE_EVERY_HOURS} * interval '1 hour', true) AS due
    FROM pg_stat_all_tables WHERE relid = 'noetl.event'::regclass`.execute(connection(store));
  return rows[0]?.due ?? true;
}

/** Reads samples, slowly on purpose; `signal` breaks it off. False when the statistics are young enough. */
export function analyzeEvents(store: Store, signal?: AbortSignal): Promise<boolean> {
  return maintenanceStep(
    store,
    async (tx) => {
      if (!(await mustAnalyze(tx))) return false;
      const { rows } = await sql<{ pid: number }>`
        SELECT pg_backend_pid() AS pid, set_config('vacuum_cost_delay', '2', true)`.execute(tx);
      const cancel = (): void => {
        void store.pool.query('SELECT pg_cancel_backend($1)', [rows[0]?.pid]).catch(() => undefined);
      };
      signal?.addEventListener('abort', cancel);
      try {
        if (signal?.aborted) return false;
        await sql`SELECT noetl.analyze_events()`.execute(tx);
      } finally {
        signal?.removeEventListener('abort', cancel);
      }
      return true;
    },
    { statementTimeoutMs: ANALYZE_MAX_MS },
  );
}
