/** Loop entries: their rows, their counters, and pages of their results. */
import { sql, type Selectable } from 'kysely';
import type { Id, Json, LoopStats } from '@noetl/protocol';
import type { Store } from './database.ts';
import type { Database } from './tables.ts';
import { basesOf, rowOf, rowsIn, spanOf, type LoopRange } from './loop-rows.ts';

export type LoopRow = Selectable<Database['loop']>;

export interface LoopKey {
  execution_id: Id;
  loop_id: Id;
}

export function getLoop(store: Store, { execution_id, loop_id }: LoopKey): Promise<LoopRow | undefined> {
  return store.db
    .selectFrom('loop')
    .selectAll()
    .where('execution_id', '=', execution_id)
    .where('loop_id', '=', loop_id)
    .executeTakeFirst();
}

/** Entries of a loop step, newest first; of all loop steps without `step`. */
export function findLoops(store: Store, executionId: Id, step?: string): Promise<LoopRow[]> {
  let query = store.db
    .selectFrom('loop')
    .selectAll()
    .where('execution_id', '=', executionId)
    .orderBy('loop_id', 'desc');
  if (step !== undefined) query = query.where('step', '=', step);
  return query.execute();
}

/** Items in chunks that a worker holds right now. */
export async function itemsInFlight(store: Store, { execution_id, loop_id }: LoopKey): Promise<number> {
  const { rows } = await sql<{ items: number }>`
    SELECT coalesce(sum(to_index - from_index), 0)::int AS items FROM noetl.command
    WHERE execution_id = ${execution_id} AND loop_id = ${loop_id} AND state = 'leased' AND lease_until > now()`.execute(
    store.db,
  );
  return rows[0]?.items ?? 0;
}

/** What a loop's `loop.done` says; undefined while there is none. */
export async function loopStats(
  store: Store,
  { execution_id, loop_id }: LoopKey,
): Promise<LoopStats | undefined> {
  const { rows } = await sql<{ stats: LoopStats }>`
    SELECT result -> 'stats' AS stats FROM noetl.event
    WHERE execution_id = ${execution_id} AND loop_name IS NULL AND event_type = 'loop.done' AND loop_id = ${loop_id}
      AND event_id > ${loop_id}`.execute(store.db);
  return rows[0]?.stats;
}

export interface IterationResult {
  current_index: number;
  status: string;
  result: Json;
  error: string | null;
  current_item: string | null;
  duration: number | null;
  worker_id: string | null;
}

/** A page ends where it would hold more than this; its first item is in it whatever its size. */
const PAGE_MAX_BYTES = 8 * 1024 * 1024;

export interface IterationPage {
  items: IterationResult[];
  /** Index to go on after; null when there is nothing more. */
  next: number | null;
}

/**
 * A page of a loop's iterations by index; `after_index` is the last index of the page before. With `preview`, results
 * are the first so many characters of their JSON text, and items are cut as well.
 */
export async function loopResultsPage(
  store: Store,
  loop: LoopRange,
  page: {
    after_index?: number;
    limit: number;
    indexes?: readonly number[];
    state?: 'COMPLETED' | 'FAILED';
    preview?: number;
  },
): Promise<IterationPage> {
  const cut = page.preview ?? null;
  const window = {
    from: (page.after_index ?? -1) + 1,
    to: spanOf(loop),
    status: page.state,
    indexes: page.indexes,
    limit: page.limit + 1,
  };
  const source = rowsIn(loop.execution_id, await basesOf(store, loop), window);
  const { rows } = await sql<IterationResult & { fits: boolean }>`
    WITH page AS MATERIALIZED (
      SELECT event_id, current_index, coalesce(sum(size) OVER (
          ORDER BY current_index ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
        + size <= ${PAGE_MAX_BYTES} OR row_number() OVER (ORDER BY current_index) = 1 AS fits
      FROM (
        SELECT event_id, current_index,
          least(coalesce(octet_length(result::text), 0) + coalesce(octet_length(current_item), 0), 8 * ${cut}::int) AS size
        FROM ${source} AS e
        ORDER BY current_index LIMIT ${page.limit + 1}
      ) AS sized
    )
    SELECT p.fits, e.current_index, e.status, CASE WHEN p.fits THEN ${cut === null ? sql`e.result` : sql`to_jsonb(left(e.result::text, ${cut}::int))`} END AS result, e.error,
      CASE WHEN p.fits THEN ${cut === null ? sql`e.current_item` : sql`left(e.current_item, ${cut}::int)`} END AS current_item, e.duration, e.worker_id
    FROM page AS p CROSS JOIN LATERAL ${rowOf(loop.execution_id, sql`p.event_id`)} AS e
    ORDER BY e.current_index`.execute(store.db);
  const end = rows.findIndex(({ fits }) => !fits);
  const count = Math.min(page.limit, end < 0 ? rows.length : end);
  const items = rows.slice(0, count).map(({ fits: _, ...item }) => item);
  return { items, next: count < rows.length ? (items.at(-1)?.current_index ?? null) : null };
}
