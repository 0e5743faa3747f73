/** Which items of a loop a redrive runs again, and what failed, by what went wrong. */
import { sql, type RawBuilder } from 'kysely';
import type { ErrorInfo, Id, LoopRedrive } from '@noetl/protocol';
import { newValueId } from './collection.ts';
import { connection, type Store, type Tx } from './database.ts';
import type { LoopRow } from './loop.ts';
import { basesOf, rowOf, rowsIn, spanOf } from './loop-rows.ts';
import { REDRIVE_PAGE } from './redrive-list.ts';

/** All that is given must hold. */
export interface RedriveSelector {
  /** `incomplete`: failed or not started. */
  state?: 'failed' | 'not_started' | 'incomplete';
  indexes?: readonly number[];
  /** Code or kind of the error. */
  error_class?: string;
  /** The error's message as {@link deadLetters} gives it. */
  message_class?: string;
}

export function isEmptySelector(selector: RedriveSelector): boolean {
  const { indexes, ...others } = selector;
  return Object.keys(others).length === 0 && (indexes ?? []).length === 0;
}

const CODE = sql`e.result -> 'error' ->> 'code'`;
const KIND = sql`e.result -> 'error' ->> 'kind'`;
/** Messages that differ in numbers and quoted names only are of one class. */
const MESSAGE_CLASS = sql`left(regexp_replace(regexp_replace(e.error, '"[^"]*"|''[^'']*''', '…', 'g'), '[0-9]+', '#', 'g'), 200)`;

/** A query of the column `index`. */
function selected(loop: LoopRow, bases: Id[], selector: RedriveSelector): RawBuilder<unknown> {
  const { state, indexes, error_class, message_class } = selector;
  const byError = error_class !== undefined || message_class !== undefined;
  const all = { from: 0, to: spanOf(loop) };
  const among = indexes === undefined ? sql`true` : sql`index = ANY (${[...indexes]}::int[])`;
  const failed = sql`SELECT e.current_index AS index FROM ${rowsIn(loop.execution_id, bases, { ...all, status: 'FAILED' })} AS e
    WHERE (${error_class ?? null}::text IS NULL OR ${error_class ?? null} IN (${CODE}, ${KIND}))
      AND (${message_class ?? null}::text IS NULL OR ${MESSAGE_CLASS} = ${message_class ?? null})`;
  const every = sql`SELECT index FROM generate_series(0, ${all.to}::int - 1) AS every (index) WHERE ${among}`;
  const notStarted = sql`${every}
    EXCEPT SELECT e.current_index FROM ${rowsIn(loop.execution_id, bases, all)} AS e`;
  if (state === 'not_started') return byError ? sql`SELECT 0 AS index WHERE false` : notStarted;
  if (state === undefined && !byError) return every;
  const wanted = sql`SELECT index FROM (${failed}) AS failed WHERE ${among}`;
  return state === 'incomplete' && !byError ? sql`(${wanted}) UNION (${notStarted})` : wanted;
}

export interface RedriveSample {
  index: number;
  /** Null: not started. */
  status: string | null;
  error: string | null;
}

/** What a redrive would choose: how many, and the first `limit` by index. */
export async function previewRedrive(
  store: Store,
  loop: LoopRow,
  selector: RedriveSelector,
  limit: number,
): Promise<{ items: number; sample: RedriveSample[] }> {
  const bases = await basesOf(store, loop);
  const { rows } = await sql<RedriveSample & { items: number }>`
    WITH chosen AS MATERIALIZED (${selected(loop, bases, selector)}),
      first AS (SELECT index FROM chosen ORDER BY index LIMIT ${limit})
    SELECT (SELECT count(*)::int FROM chosen) AS items, f.index, e.status, e.error
    FROM first AS f LEFT JOIN ${rowsIn(loop.execution_id, bases, { from: 0, to: spanOf(loop) })} AS e
      ON e.current_index = f.index
    ORDER BY f.index`.execute(store.db);
  return { items: rows[0]?.items ?? 0, sample: rows.map(({ items: _, ...item }) => item) };
}

export interface Chosen {
  items: number;
  list_id: Id;
  kept: LoopRedrive['kept'];
  /** How many entries the loop has so far. */
  entries: number;
}

/** Stores the list of what is chosen, in the transaction that redrives. */
export async function chooseItems(tx: Tx, loop: LoopRow, selector: RedriveSelector): Promise<Chosen> {
  const { execution_id } = loop;
  const bases = await basesOf(tx, loop);
  const list_id = await newValueId(tx);
  const { rows } = await sql<{ items: number } & LoopRedrive['kept']>`
    WITH chosen AS MATERIALIZED (${selected(loop, bases, selector)}), pages AS (
      INSERT INTO noetl.redrive_page (execution_id, list_id, from_position, indexes)
      SELECT ${execution_id}::bigint, ${list_id}::bigint, min(position), array_agg(index ORDER BY index)
      FROM (SELECT index, (row_number() OVER (ORDER BY index) - 1)::int AS position FROM chosen) AS placed
      GROUP BY position / ${REDRIVE_PAGE}::int
    )
    SELECT (SELECT count(*)::int FROM chosen) AS items, count(*)::int AS completed,
      (count(*) FILTER (WHERE e.status = 'FAILED'))::int AS failed
    FROM ${rowsIn(execution_id, bases, { from: 0, to: spanOf(loop) })} AS e
    WHERE NOT EXISTS (SELECT 1 FROM chosen AS c WHERE c.index = e.current_index)`.execute(tx);
  const { items, completed, failed } = rows[0] as { items: number } & LoopRedrive['kept'];
  return { items, list_id, kept: { completed, failed }, entries: bases.length };
}

export interface DeadLetters {
  code: string | null;
  kind: string | null;
  message_class: string;
  count: number;
  sample: {
    index: number;
    /** As stored; null when it is larger than 8 KiB. */
    item: string | null;
    error: ErrorInfo | null;
  };
}

const GROUPS_MAX = 100;
const SAMPLE_MAX_BYTES = 8 * 1024;

/** Failed items of a loop by error and class of message, the most frequent first; at most 100 groups. */
export async function deadLetters(store: Store, loop: LoopRow): Promise<DeadLetters[]> {
  const { execution_id } = loop;
  const failed = { from: 0, to: spanOf(loop), status: 'FAILED' as const };
  const { rows } = await sql<Omit<DeadLetters, 'sample'> & DeadLetters['sample']>`
    WITH grouped AS (
      SELECT ${CODE} AS code, ${KIND} AS kind, ${MESSAGE_CLASS} AS message_class, count(*)::int AS count,
        (min(ARRAY[e.current_index, e.event_id]::bigint[]))[2] AS first
      FROM ${rowsIn(execution_id, await basesOf(store, loop), failed)} AS e
      GROUP BY 1, 2, 3
      ORDER BY 4 DESC, 5 LIMIT ${GROUPS_MAX}
    )
    SELECT g.code, g.kind, g.message_class, g.count, s.current_index AS index,
      CASE WHEN octet_length(s.current_item) <= ${SAMPLE_MAX_BYTES} THEN s.current_item END AS item,
      s.result -> 'error' AS error
    FROM grouped AS g CROSS JOIN LATERAL ${rowOf(execution_id, sql`g.first`)} AS s
    ORDER BY g.count DESC, g.first`.execute(store.db);
  return rows.map(({ index, item, error, ...group }) => ({ ...group, sample: { index, item, error } }));
}

/** The newest entry of each loop step in which something failed; of one step, the newest whatever came of it. */
export async function newestLoops(of: Store | Tx, executionId: Id, step?: string): Promise<LoopRow[]> {
  const rows = await connection(of)
    .selectFrom('loop')
    .selectAll()
    .distinctOn('step')
    .where('execution_id', '=', executionId)
    .$if(step !== undefined, (query) => query.where('step', '=', step ?? ''))
    .orderBy('step')
    .orderBy('loop_id', 'desc')
    .limit(STEPS_MAX)
    .execute();
  return rows.filter((loop) => step !== undefined || loop.failed + (loop.redrive?.kept.failed ?? 0) > 0);
}

const STEPS_MAX = 1_000;

/** Whether rows of a loop may still come in. */
export async function hasOpenLoops(tx: Tx, executionId: Id): Promise<boolean> {
  const open = await tx
    .selectFrom('loop')
    .select('loop_id')
    .where('execution_id', '=', executionId)
    .where('state', '<>', 'done')
    .limit(1)
    .executeTakeFirst();
  return open !== undefined;
}
