/**
 * Which executions are past their retention. An execution and the children that its steps have started are one family:
 * parents read what children have stored, so a family is kept until its last member has been over for long enough.
 */
import { sql } from 'kysely';
import { clockId, type Id } from '@noetl/protocol';
import { connection, type Store, type Tx } from './database.ts';
import { maintenanceStep } from './maintenance-step.ts';
import { listPartitions, type EventPartition } from './partition.ts';

/** What ended before this time is past its retention; by the database's clock, as ends are. */
export async function retentionCutoff(store: Store | Tx, days: number): Promise<Date> {
  const { rows } = await sql<{ cutoff: Date }>`SELECT now() - ${days} * interval '1 day' AS cutoff`.execute(
    connection(store),
  );
  return (rows[0] as { cutoff: Date }).cutoff;
}

/** Ids of executions whose events lie together: a partition, or what is between two, in the DEFAULT partition. */
export interface Span {
  from: Id;
  to: Id;
  partition?: EventPartition;
}

const DAY_MS = 86_400_000;
/**
 * Rows are deleted from a partition only when it could not be dropped for so long, because of an execution that runs
 * and runs: usually the last one of a day is over some hours after it.
 */
const DROP_WAIT_MS = 2 * DAY_MS;

/** Spans in which something can be past its retention, the oldest first. */
export async function retentionSpans(store: Store | Tx, cutoff: Date): Promise<Span[]> {
  const end = clockId(cutoff.getTime());
  const spans: Span[] = [];
  let at = 0n;
  for (const partition of await listPartitions(store)) {
    if (BigInt(partition.from) >= end) break;
    if (BigInt(partition.from) > at) spans.push({ from: at.toString(), to: partition.from });
    if (BigInt(partition.to) <= end) spans.push({ from: partition.from, to: partition.to, partition });
    at = BigInt(partition.to);
  }
  if (at < end) spans.push({ from: at.toString(), to: end.toString() });
  return spans;
}

/** Whether executions of this span are left alone for now, so that its partition can be dropped as a whole. */
export async function waitsForDrop(
  store: Store | Tx,
  { from, to, partition }: Span,
  cutoff: Date,
): Promise<boolean> {
  if (!partition || BigInt(to) <= clockId(cutoff.getTime() - DROP_WAIT_MS)) return false;
  const { rows } = await sql`
    SELECT 1 FROM noetl.execution WHERE execution_id >= ${from} AND execution_id < ${to} AND expired_at IS NULL
      AND (end_time IS NULL OR end_time >= ${cutoff}) LIMIT 1`.execute(connection(store));
  return rows.length > 0;
}

interface Page {
  from: Id;
  to: Id;
  cutoff: Date;
  limit: number;
}

interface Judged {
  root: Id;
  execution_id: Id;
  over: boolean;
}

/** Members of families whose oldest one is among the page, with whether all of the family is past its retention. */
const families = ({ from, to, cutoff, limit }: Page) => sql<Judged>`
  WITH RECURSIVE page AS (
    SELECT e.execution_id, e.end_time FROM noetl.execution AS e
    WHERE e.execution_id >= ${from} AND e.execution_id < ${to} AND e.expired_at IS NULL
      AND (e.root_execution_id IS NULL
        OR NOT EXISTS (SELECT 1 FROM noetl.execution AS r WHERE r.execution_id = e.root_execution_id))
    ORDER BY e.execution_id LIMIT ${limit}
  ), family AS (
    SELECT execution_id AS root, execution_id, end_time FROM page
    UNION ALL
    SELECT f.root, e.execution_id, e.end_time FROM family AS f
      JOIN noetl.execution AS e ON e.parent_execution_id = f.execution_id AND e.root_execution_id = f.root
  )
  SELECT root, execution_id,
    bool_and(coalesce(end_time < ${cutoff}, false)) OVER (PARTITION BY root) AS over FROM family`;

/** What of a page is past its retention; `next`: where the page after it begins, absent after the last one. */
export async function expiredOf(store: Store | Tx, page: Page): Promise<{ ids: Id[]; next?: Id }> {
  const { rows } = await families(page).execute(connection(store));
  const roots = new Set(rows.map(({ root }) => root));
  const ids = rows.filter(({ over }) => over).map(({ execution_id }) => execution_id);
  if (roots.size < page.limit) return { ids };
  const last = [...roots].reduce((a, b) => (BigInt(a) > BigInt(b) ? a : b));
  return { ids, next: (BigInt(last) + 1n).toString() };
}

/**
 * Marks what of a page is past its retention: from then on it is unknown to everybody. Judged once more under the rows'
 * locks, since somebody may have redriven one of them meanwhile. Their idempotency keys are free again.
 */
export function markExpired(store: Store, page: Page): Promise<{ marked: number; next?: Id }> {
  return maintenanceStep(store, async (tx) => {
    const { ids, ...rest } = await expiredOf(tx, page);
    if (ids.length === 0) return { marked: 0, ...rest };
    await sql`SELECT 1 FROM noetl.execution WHERE execution_id = ANY (${ids}::bigint[])
      ORDER BY execution_id FOR UPDATE`.execute(tx);
    const locked = new Set(ids);
    const sure = (await expiredOf(tx, page)).ids.filter((id) => locked.has(id));
    const { numAffectedRows } = await sql`
      UPDATE noetl.execution SET expired_at = now(), idempotency_key = NULL
      WHERE execution_id = ANY (${sure}::bigint[])`.execute(tx);
    return { marked: Number(numAffectedRows ?? 0), ...rest };
  });
}

/** Executions of a span that are not marked. */
export async function unmarkedExecutions(store: Store | Tx, { from, to }: Span): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::float8 AS n FROM noetl.execution
    WHERE execution_id >= ${from} AND execution_id < ${to} AND expired_at IS NULL`.execute(connection(store));
  return rows[0]?.n ?? 0;
}
