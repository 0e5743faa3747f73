/** The event log: appending under the execution's lock, folding, and reading by keyset pages. */
import { sql } from 'kysely';
import type { EngineEvent, EventType, Id, Json } from '@noetl/protocol';
import type { Store, Tx } from './database.ts';
import { rowOf } from './loop-rows.ts';

export interface EventRow {
  event_id: Id;
  execution_id: Id;
  event_type: string;
  node_name: string;
  status: string;
  created_at: Date;
  duration: number | null;
  result: Json;
  error: string | null;
  meta: Json;
  loop_name: string | null;
  loop_id: Id | null;
  current_index: number | null;
  worker_id: string | null;
  command_id: Id | null;
}

/** Facts that a worker or the aggregator adds besides what the engine folds. */
export interface EventExtras {
  worker_id?: string;
  attempt?: number;
}

const COLUMNS = [
  'event_id',
  'execution_id',
  'event_type',
  'node_name',
  'status',
  'created_at',
  'duration',
  'result',
  'error',
  'meta',
  'loop_name',
  'loop_id',
  'current_index',
  'worker_id',
  'command_id',
] as const;

/** The caller holds the execution's lock and has made the ids from its last event id. */
export async function appendEvents(
  tx: Tx,
  of: { execution_id: Id; catalog_id: Id },
  events: readonly EngineEvent[],
  extras: EventExtras = {},
): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event) => ({
    execution_id: of.execution_id,
    catalog_id: of.catalog_id,
    event_id: event.event_id,
    event_type: event.event_type,
    node_name: event.node_name,
    status: event.status,
    result: event.result === null ? null : JSON.stringify(event.result),
    meta: event.meta ? JSON.stringify(event.meta) : null,
    error: event.error ?? null,
    duration: event.duration ?? null,
    command_id: event.command_id ?? null,
    loop_id: 'loop_id' in event ? event.loop_id : null,
    worker_id: extras.worker_id ?? null,
    attempt: extras.attempt ?? null,
  }));
  await tx.insertInto('event').values(rows).execute();
}

/**
 * Events with a higher id, in order. Iteration rows never appear: their ids are reserved below the snapshot that is
 * taken when their loop opens.
 */
export async function eventsAfter(tx: Tx, executionId: Id, after: Id): Promise<EngineEvent[]> {
  const rows = await tx
    .selectFrom('event')
    .select(COLUMNS)
    .where('execution_id', '=', executionId)
    .where('event_id', '>', after)
    .where('loop_name', 'is', null)
    .orderBy('event_id')
    .execute();
  return rows.map(engineEvent);
}

type EngineRow = Omit<EventRow, 'execution_id' | 'created_at' | 'loop_name' | 'current_index' | 'worker_id'>;

/** A stored event as the engine folds it. */
export function engineEvent(row: EngineRow): EngineEvent {
  return {
    event_id: row.event_id,
    event_type: row.event_type,
    node_name: row.node_name,
    status: row.status,
    result: row.result,
    ...(row.error !== null && { error: row.error }),
    ...(row.meta !== null && { meta: row.meta }),
    ...(row.duration !== null && { duration: row.duration }),
    ...(row.command_id !== null && { command_id: row.command_id }),
    ...(row.loop_id !== null && { loop_id: row.loop_id }),
  } as EngineEvent;
}

export interface EventFilter {
  after?: Id;
  before?: Id;
  limit: number;
  types?: EventType[];
  order: 'asc' | 'desc';
  /** With the rows of iterations; without them otherwise. */
  iterations?: boolean;
}

/** Results of iterations may be 10 MiB each: in pages of events, larger ones are left out, and said to be. */
const SHOWN_MAX_BYTES = 64 * 1024;
const SHOWN = [
  ...COLUMNS.filter((column): column is Exclude<(typeof COLUMNS)[number], 'result'> => column !== 'result'),
  sql<Json>`CASE WHEN loop_name IS NULL OR octet_length(result::text) <= ${sql.lit(SHOWN_MAX_BYTES)} THEN result
    ELSE jsonb_build_object('_omitted', true, '_size_bytes', octet_length(result::text)) END`.as('result'),
] as const;

export function listEvents(store: Store, executionId: Id, filter: EventFilter): Promise<EventRow[]> {
  let query = store.db
    .selectFrom('event')
    .select(SHOWN)
    .where('execution_id', '=', executionId)
    .orderBy('event_id', filter.order)
    .limit(filter.limit);
  if (filter.iterations !== true) query = query.where('loop_name', 'is', null);
  if (filter.after !== undefined) query = query.where('event_id', '>', filter.after);
  if (filter.before !== undefined) query = query.where('event_id', '<', filter.before);
  if (filter.types) query = query.where('event_type', 'in', filter.types);
  return query.execute();
}

/**
 * A page by number, newest first, with the rows of iterations; for tools that count pages. They ask again and again
 * while a loop runs, so its rows are not counted one by one: `loop.completed` goes up in the transaction that stores
 * them.
 */
export async function eventsByPage(
  store: Store,
  executionId: Id,
  { offset, limit }: { offset: number; limit: number },
): Promise<{ rows: EventRow[]; total: number }> {
  const [rows, counted] = await Promise.all([
    store.db
      .selectFrom('event')
      .select(SHOWN)
      .where('execution_id', '=', executionId)
      .orderBy('event_id', 'desc')
      .offset(offset)
      .limit(limit)
      .execute(),
    sql<{ total: number }>`SELECT
      ((SELECT count(*) FROM noetl.event WHERE execution_id = ${executionId} AND loop_name IS NULL)
      + (SELECT coalesce(sum(completed), 0) FROM noetl.loop WHERE execution_id = ${executionId}))::float8 AS total`.execute(
      store.db,
    ),
  ]);
  return { rows, total: counted.rows[0]?.total ?? 0 };
}

export interface StepSummary {
  step: string;
  status: string;
  visits: number;
  result: Json;
  error: string | null;
  /** Whether the step is a loop. */
  loop: boolean;
}

/** How far each step has come, in the order in which they were first entered; with `results`, what came out. */
export async function stepSummaries(
  store: Store,
  executionId: Id,
  { results }: { results: boolean },
): Promise<StepSummary[]> {
  const { rows } = await sql<StepSummary>`
    SELECT e.node_name AS step, CASE e.event_type WHEN 'step.enter' THEN 'RUNNING' ELSE e.status END AS status, s.visits,
      CASE WHEN e.event_type <> 'step.enter' AND ${results} THEN e.result END AS result, e.error,
      EXISTS (SELECT 1 FROM noetl.loop AS l WHERE l.execution_id = e.execution_id AND l.step = e.node_name) AS loop
    FROM (
      SELECT min(event_id) AS first, max(event_id) AS last, (count(*) FILTER (WHERE event_type = 'step.enter'))::int AS visits
      FROM noetl.event
      WHERE execution_id = ${executionId} AND loop_name IS NULL
        AND event_type IN ('step.enter', 'step.exit', 'step.skipped', 'loop.done')
      GROUP BY node_name
    ) AS s
    CROSS JOIN LATERAL ${rowOf(executionId, sql`s.last`)} AS e
    ORDER BY s.first`.execute(store.db);
  return rows;
}

/** The last value of a step: of its own end, or of its loop. Undefined when it has not ended. */
export async function stepResult(store: Store, executionId: Id, step: string): Promise<Json | undefined> {
  const row = await store.db
    .selectFrom('event')
    .select('result')
    .where('execution_id', '=', executionId)
    .where('loop_name', 'is', null)
    .where('node_name', '=', step)
    .where('event_type', 'in', ['step.exit', 'loop.done'])
    .orderBy('event_id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.result;
}
