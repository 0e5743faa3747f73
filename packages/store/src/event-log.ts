/** The event log: appending under the execution's lock, folding, and reading by keyset pages. */
import type { EngineEvent, EventType, Id, Json } from '@noetl/protocol';
import type { Store, Tx } from './database.ts';

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
  return rows.map(
    (row) =>
      ({
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
      }) as EngineEvent,
  );
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

export function listEvents(store: Store, executionId: Id, filter: EventFilter): Promise<EventRow[]> {
  let query = store.db
    .selectFrom('event')
    .select(COLUMNS)
    .where('execution_id', '=', executionId)
    .orderBy('event_id', filter.order)
    .limit(filter.limit);
  if (filter.iterations !== true) query = query.where('loop_name', 'is', null);
  if (filter.after !== undefined) query = query.where('event_id', '>', filter.after);
  if (filter.before !== undefined) query = query.where('event_id', '<', filter.before);
  if (filter.types) query = query.where('event_type', 'in', filter.types);
  return query.execute();
}

/** A page by number, newest first, with the rows of iterations; for tools that count pages. */
export async function eventsByPage(
  store: Store,
  executionId: Id,
  { offset, limit }: { offset: number; limit: number },
): Promise<{ rows: EventRow[]; total: number }> {
  const of = store.db.selectFrom('event').where('execution_id', '=', executionId);
  const [rows, counted] = await Promise.all([
    of.select(COLUMNS).orderBy('event_id', 'desc').offset(offset).limit(limit).execute(),
    of.select(({ fn }) => fn.countAll<string>().as('total')).executeTakeFirstOrThrow(),
  ]);
  return { rows, total: Number(counted.total) };
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
