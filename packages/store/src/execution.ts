/** Executions: their rows, the lock under which everything about one is decided, and lists of them. */
import { sql } from 'kysely';
import {
  clockId,
  NoetlError,
  type EngineEvent,
  type ExecutionStatus,
  type Id,
  type Json,
  type JsonObject,
} from '@noetl/protocol';
import type { Store, Tx } from './database.ts';
import { eventsAfter } from './event-log.ts';
import { isUnderOne } from './prefix.ts';
import type { Webhook } from './webhook.ts';

export interface ExecutionRow {
  execution_id: Id;
  catalog_id: Id;
  parent_execution_id: Id | null;
  path: string;
  version: number;
  status: ExecutionStatus;
  last_event_id: Id;
  result: Json;
  error: string | null;
  start_time: Date;
  end_time: Date | null;
  cancel_requested: string | null;
  paused_at: Date | null;
  /** 1, and one more for each redrive. */
  run: number;
}

export interface NewExecution {
  execution_id: Id;
  catalog_id: Id;
  path: string;
  version: number;
  parent_execution_id?: Id;
  payload: JsonObject;
  /** It fails when it has not ended after so many seconds. */
  timeout_s?: number;
  /** W3C trace context of the request. */
  traceparent?: string;
  /** Who is told of the end. */
  webhook?: Webhook;
  /** The key that the sealed part of the webhook needs. */
  webhook_kek_id?: string;
  /** The caller's key; the same key with the same `request_hash` gives the same execution. */
  idempotency_key?: string;
  request_hash?: string;
}

/** An execution that has just been created, with its payload as Postgres has it. */
export interface FreshExecution {
  execution_id: Id;
  catalog_id: Id;
  parent_execution_id: Id | null;
  payload: Json;
}

/** What lists show: not what executions were given, nor what came out. */
export type ExecutionHead = Omit<ExecutionRow, 'result'>;

/** What {@link withExecution} gives its caller: the locked row and what there is to fold. */
export interface LockedExecution {
  execution: ExecutionRow & { payload: Json };
  last_event_id: Id;
  /** State to start from; undefined when the state that the caller holds is one. */
  snapshot?: Json;
  /** Events since that state, in order. */
  events: EngineEvent[];
}

const HEAD = [
  'execution_id',
  'catalog_id',
  'parent_execution_id',
  'path',
  'version',
  'status',
  'last_event_id',
  'error',
  'start_time',
  'end_time',
  'cancel_requested',
  'paused_at',
  'run',
] as const;
const COLUMNS = [...HEAD, 'result'] as const;

const DEADLOCK = '40P01';
const DEADLOCK_TRIES = 5;

/** Throws IDEMPOTENCY_CONFLICT when the key was used for another request. */
export async function createExecution(
  store: Store,
  { timeout_s, ...execution }: NewExecution,
): Promise<{ execution_id: Id; fresh?: FreshExecution }> {
  const inserted = await store.db
    .insertInto('execution')
    .values({
      ...execution,
      webhook: execution.webhook ? JSON.stringify(execution.webhook) : null,
      status: 'PENDING',
      payload: JSON.stringify(execution.payload),
      last_event_id: '0',
      advanced_event_id: '0',
      snapshot_event_id: '0',
      ...(timeout_s !== undefined && { deadline: sql<Date>`now() + ${timeout_s}::float8 * interval '1 s'` }),
    })
    .onConflict((conflict) =>
      conflict.column('idempotency_key').where('idempotency_key', 'is not', null).doNothing(),
    )
    .returning(['execution_id', 'catalog_id', 'parent_execution_id', 'payload'])
    .executeTakeFirst();
  if (inserted) return { execution_id: inserted.execution_id, fresh: inserted };
  const existing = await store.db
    .selectFrom('execution')
    .select(['execution_id', 'request_hash'])
    .where('idempotency_key', '=', execution.idempotency_key ?? '')
    .executeTakeFirstOrThrow();
  if (existing.request_hash !== (execution.request_hash ?? null)) {
    throw new NoetlError('IDEMPOTENCY_CONFLICT', 'the Idempotency-Key was used for a different request');
  }
  return { execution_id: existing.execution_id };
}

/** Whether an execution was created with this key. */
export async function isKeyTaken(store: Store, key: string | undefined): Promise<boolean> {
  if (key === undefined) return false;
  const taken = await store.db
    .selectFrom('execution')
    .select('execution_id')
    .where('idempotency_key', '=', key)
    .executeTakeFirst();
  return taken !== undefined;
}

export function getExecution(store: Store, executionId: Id): Promise<ExecutionRow | undefined> {
  return store.db
    .selectFrom('execution')
    .select(COLUMNS)
    .where('execution_id', '=', executionId)
    .where('expired_at', 'is', null)
    .executeTakeFirst();
}

/** All that is given must hold. */
export interface ExecutionFilter {
  /** Ids below this one: the last of the page before. */
  after?: Id;
  /** Started at or after this time; ids are ordered by time. */
  since?: Date;
  until?: Date;
  status?: ExecutionStatus;
  path?: string;
  catalog_id?: Id;
  ended?: boolean;
  paused?: boolean;
  /** It has entered this loop. */
  loop?: string;
  /** Of paths below one of these; of any when absent. */
  prefixes?: readonly string[] | undefined;
}

/** Newest first. */
export function listExecutions(
  store: Store,
  { limit, offset = 0, ...filter }: ExecutionFilter & { limit: number; offset?: number },
): Promise<ExecutionHead[]> {
  return filtered(store, filter)
    .select(HEAD)
    .where('expired_at', 'is', null)
    .orderBy('execution_id', 'desc')
    .offset(offset)
    .limit(limit)
    .execute();
}

/** How many there are, counted up to `max`. */
export async function countExecutions(store: Store, filter: ExecutionFilter, max: number): Promise<number> {
  const { count } = await store.db
    .selectFrom(filtered(store, filter).select('execution_id').limit(max).as('some'))
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

function filtered(store: Store, filter: ExecutionFilter) {
  let query = store.db.selectFrom('execution');
  if (filter.after !== undefined) query = query.where('execution_id', '<', filter.after);
  if (filter.since !== undefined)
    query = query.where('execution_id', '>=', clockId(filter.since.getTime()).toString());
  if (filter.until !== undefined)
    query = query.where('execution_id', '<', clockId(filter.until.getTime()).toString());
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.path !== undefined) query = query.where('path', '=', filter.path);
  if (filter.catalog_id !== undefined) query = query.where('catalog_id', '=', filter.catalog_id);
  if (filter.ended !== undefined) query = query.where('end_time', filter.ended ? 'is not' : 'is', null);
  if (filter.paused !== undefined) query = query.where('paused_at', filter.paused ? 'is not' : 'is', null);
  const { loop, prefixes } = filter;
  if (prefixes !== undefined) query = query.where(isUnderOne('path', prefixes));
  if (loop !== undefined)
    query = query.where((where) =>
      where.exists(
        where
          .selectFrom('loop')
          .select('loop_id')
          .whereRef('loop.execution_id', '=', 'execution.execution_id')
          .where('step', '=', loop),
      ),
    );
  return query;
}

/** The path that an execution runs; undefined when it is unknown. */
export async function pathOf(store: Store, executionId: Id): Promise<string | undefined> {
  const row = await store.db
    .selectFrom('execution')
    .select('path')
    .where('execution_id', '=', executionId)
    .where('expired_at', 'is', null)
    .executeTakeFirst();
  return row?.path;
}

/** Which entry of the catalog an execution runs; undefined when it is unknown. */
export async function catalogOf(store: Store, executionId: Id): Promise<Id | undefined> {
  const row = await store.db
    .selectFrom('execution')
    .select('catalog_id')
    .where('execution_id', '=', executionId)
    .where('expired_at', 'is', null)
    .executeTakeFirst();
  return row?.catalog_id;
}

/** Where the trace of an execution begins. */
export function traceOrigin(
  store: Store,
  executionId: Id,
): Promise<
  | {
      traceparent: string | null;
      root_execution_id: Id | null;
      parent_execution_id: Id | null;
      start_time: Date;
      path: string;
    }
  | undefined
> {
  return store.db
    .selectFrom('execution')
    .select(['traceparent', 'root_execution_id', 'parent_execution_id', 'start_time', 'path'])
    .where('execution_id', '=', executionId)
    .executeTakeFirst();
}

/** What an execution was started with. */
export async function executionPayload(store: Store, executionId: Id): Promise<JsonObject> {
  const { payload } = await store.db
    .selectFrom('execution')
    .select('payload')
    .where('execution_id', '=', executionId)
    .executeTakeFirstOrThrow();
  return payload as JsonObject;
}

/** Executions that have not ended and in which nothing has happened for so long, the oldest first. */
export function stuckExecutions(
  store: Store,
  { idle_ms, limit, prefixes }: { idle_ms: number; limit: number; prefixes?: readonly string[] | undefined },
): Promise<ExecutionHead[]> {
  return (
    filtered(store, { prefixes })
      .select(HEAD)
      .where('end_time', 'is', null)
      .where('paused_at', 'is', null)
      .where('updated_at', '<', sql<Date>`now() - ${idle_ms} * interval '1 ms'`)
      // Loops write nothing into their execution's row while their items come in; who waits for a child is not stuck.
      .where(
        sql<boolean>`NOT EXISTS (SELECT 1 FROM noetl.command AS c WHERE c.execution_id = execution.execution_id
        AND (c.state = 'waiting' OR c.state IN ('pending', 'leased')
          AND (c.lease_until > now() OR c.available_at > now() - ${idle_ms} * interval '1 ms')))`,
      )
      .orderBy('execution_id')
      .limit(limit)
      .execute()
  );
}

/**
 * Runs `decide` under the execution's row lock, in one transaction; again when Postgres ends a deadlock at its cost.
 * Undefined when the execution is unknown. `known`: last event of a state that the caller holds; it saves reading the
 * snapshot and what is folded already.
 *
 * The lock is FOR NO KEY UPDATE: inserting a row that refers to the execution takes a key share of it, and chunks
 * that issue their successors must not wait here while they hold their loop.
 */
export async function withExecution<T>(
  store: Store,
  executionId: Id,
  decide: (tx: Tx, locked: LockedExecution) => Promise<T>,
  known?: Id,
): Promise<T | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await decideOnce(store, executionId, decide, known);
    } catch (error) {
      if (tries === DEADLOCK_TRIES || (error as { code?: unknown }).code !== DEADLOCK) throw error;
    }
  }
}

function decideOnce<T>(
  store: Store,
  executionId: Id,
  decide: (tx: Tx, locked: LockedExecution) => Promise<T>,
  known: Id | undefined,
): Promise<T | undefined> {
  return store.db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom('execution')
      .select([...COLUMNS, 'payload', 'snapshot_event_id'])
      .where('execution_id', '=', executionId)
      .where('expired_at', 'is', null)
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (!row) return undefined;
    const { snapshot_event_id, ...execution } = row;
    const { last_event_id } = execution;
    if (known !== undefined && isBetween(known, snapshot_event_id, last_event_id)) {
      return decide(tx, { execution, last_event_id, events: await eventsAfter(tx, executionId, known) });
    }
    const snapshot = await snapshotOf(tx, executionId);
    const events = await eventsAfter(tx, executionId, snapshot_event_id);
    return decide(tx, { execution, last_event_id, snapshot, events });
  });
}

/** False for a state from before a loop's ids were reserved, and for one that this database knows nothing of. */
function isBetween(id: Id, least: Id, most: Id): boolean {
  return BigInt(id) >= BigInt(least) && BigInt(id) <= BigInt(most);
}

async function snapshotOf(tx: Tx, executionId: Id): Promise<Json> {
  const { snapshot } = await tx
    .selectFrom('execution')
    .select('snapshot')
    .where('execution_id', '=', executionId)
    .executeTakeFirstOrThrow();
  return snapshot;
}

/** Takes the row lock of an execution; the last event id and whether it has ended. */
export async function lockExecution(
  tx: Tx,
  executionId: Id,
): Promise<{ last_event_id: Id; ended: boolean; catalog_id: Id } | undefined> {
  const row = await tx
    .selectFrom('execution')
    .select(['last_event_id', 'end_time', 'catalog_id'])
    .where('execution_id', '=', executionId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return (
    row && { last_event_id: row.last_event_id, ended: row.end_time !== null, catalog_id: row.catalog_id }
  );
}

/** After facts were appended under the lock: the next appender continues behind them. */
export async function raiseLastEvent(tx: Tx, executionId: Id, lastEventId: Id): Promise<void> {
  await tx
    .updateTable('execution')
    .set({ last_event_id: lastEventId, updated_at: sql<Date>`now()` })
    .where('execution_id', '=', executionId)
    .execute();
}
