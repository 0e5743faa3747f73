/**
 * The rows of a loop's iterations. A redrive's rows lie over those of the entries before it: of every index, the row of
 * the newest entry counts. Loops that were never redriven are read as one range of ids.
 */
import { sql, type RawBuilder } from 'kysely';
import { offsetId, type Id, type LoopOpening } from '@noetl/protocol';
import { connection, type Store, type Tx } from './database.ts';
import type { LoopRow } from './loop.ts';

/** What reading a loop's rows takes to know. */
export type LoopRange = Pick<LoopRow, 'execution_id' | 'loop_id' | 'base_event_id' | 'size'> &
  Partial<Pick<LoopRow, 'redrive_of' | 'redrive'>>;

/** Indexes of a loop are below this: of a redrive, those of the first entry. */
export function spanOf({ size, redrive }: Pick<LoopRange, 'size' | 'redrive'>): number {
  return redrive?.total ?? size;
}

/** The author's bound of failures of the whole loop. */
export function toleratedOf({
  tolerated_count: count,
  tolerated_percent: percent,
  redrive,
}: LoopRow): LoopOpening['tolerated'] {
  if (redrive) return redrive.tolerated;
  if (count === null && percent === null) return undefined;
  return { ...(count !== null && { count }), ...(percent !== null && { percent }) };
}

/** First event ids of the entries that a loop's rows are in, the oldest first; later redrives are not among them. */
export async function basesOf(of: Store | Tx, loop: LoopRange): Promise<Id[]> {
  const first = loop.redrive_of ?? null;
  if (first === null) return [loop.base_event_id];
  const entries = await connection(of)
    .selectFrom('loop')
    .select('base_event_id')
    .where('execution_id', '=', loop.execution_id)
    .where((of) => of.or([of('loop_id', '=', first), of('redrive_of', '=', first)]))
    .where('loop_id', '<=', loop.loop_id)
    .orderBy('loop_id')
    .execute();
  return entries.map(({ base_event_id }) => base_event_id);
}

export interface RowWindow {
  /** Indexes `[from, to)`. */
  from: number;
  to: number;
  /** Only these of them. */
  indexes?: readonly number[] | undefined;
  status?: 'COMPLETED' | 'FAILED' | undefined;
  /** At least the first so many by index are among them; all, without. */
  limit?: number;
}

/** A table expression of rows of `noetl.event`, in no order. */
export function rowsIn(executionId: Id, bases: readonly Id[], window: RowWindow): RawBuilder<unknown> {
  const { from, to, indexes, status, limit } = window;
  const ofStatus = status === undefined ? sql`` : sql`AND o.status = ${status}`;
  const bounded = limit === undefined ? sql`` : sql`ORDER BY o.event_id LIMIT ${limit}::int`;
  const [only] = bases;
  if (bases.length === 1 && only !== undefined)
    return sql`(SELECT o.* FROM noetl.event AS o WHERE o.execution_id = ${executionId}
      AND o.event_id >= ${offsetId(only, from)} AND o.event_id < ${offsetId(only, to)}
      ${indexes ? sql`AND o.event_id = ANY (${indexes.map((index) => offsetId(only, index))}::bigint[])` : sql``}
      ${ofStatus} ${bounded})`;
  const entries = sql`unnest(${bases}::bigint[]) WITH ORDINALITY`;
  // Entry by entry, so that each is one range of the primary key; whether a newer row exists is a look-up in it.
  return sql`(SELECT r.* FROM ${entries} AS l (base, nth) CROSS JOIN LATERAL (
      SELECT o.* FROM noetl.event AS o WHERE o.execution_id = ${executionId}
        AND o.event_id >= l.base + ${from}::int AND o.event_id < l.base + ${to}::int
        ${indexes ? sql`AND o.event_id = ANY (ARRAY(SELECT l.base + i FROM unnest(${indexes}::int[]) AS chosen (i)))` : sql``}
        ${ofStatus}
        AND (SELECT count(*) FROM ${entries} AS n (base, nth) JOIN noetl.event AS m
          ON m.execution_id = ${executionId} AND m.event_id = n.base + o.current_index WHERE n.nth > l.nth) = 0
      ${bounded} OFFSET 0) AS r)`;
}

/**
 * The row of one event, for a lateral join: a look-up for each id. A plain join is planned as one pass over all rows of
 * the execution.
 */
export function rowOf(executionId: Id, eventId: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(SELECT o.* FROM noetl.event AS o WHERE o.execution_id = ${executionId} AND o.event_id = ${eventId} LIMIT 1)`;
}
