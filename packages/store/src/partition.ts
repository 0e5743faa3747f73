/** Partitions of the event table: one a day, made ahead. The DEFAULT partition catches what nobody foresaw. */
import { sql } from 'kysely';
import { clockId } from '@noetl/protocol';
import type { Store } from './database.ts';

const DAY_MS = 86_400_000;
const DAYS_AHEAD = 3;
/** Serialises makers of partitions, so that two processes never race for one name. */
const PARTITION_LOCK = 7_215_001;

/** Makes the partitions of today and the days ahead; returns the names of those that were missing. */
export async function ensurePartitions(store: Store, nowMs: number): Promise<string[]> {
  const today = Math.floor(nowMs / DAY_MS) * DAY_MS;
  return store.db.transaction().execute(async (tx) => {
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(PARTITION_LOCK)})`.execute(tx);
    const made: string[] = [];
    for (let day = today; day <= today + DAYS_AHEAD * DAY_MS; day += DAY_MS) {
      const name = `event_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '_')}`;
      const { rows } = await sql<{ found: string | null }>`
        SELECT to_regclass(${`noetl.${name}`})::text AS found`.execute(tx);
      if (rows[0]?.found) continue;
      const from = sql.lit(clockId(day).toString());
      const to = sql.lit(clockId(day + DAY_MS).toString());
      // Rows of that day may already lie in the DEFAULT partition; then it keeps them, and the day has no own one.
      const { rows: strays } = await sql`
        SELECT 1 FROM noetl.event_default WHERE execution_id >= ${from}::bigint AND execution_id < ${to}::bigint LIMIT 1`.execute(
        tx,
      );
      if (strays.length > 0) continue;
      const partition = sql.table(`noetl.${name}`);
      await sql`CREATE TABLE ${partition} PARTITION OF noetl.event FOR VALUES FROM (${from}) TO (${to})`.execute(
        tx,
      );
      made.push(name);
    }
    return made;
  });
}
