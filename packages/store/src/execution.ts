/** Executions: their rows, the lock under which everything about one is decided, and lists of them. */
import { sql } from 'kysely';
import {
  NoetlError,
  type EngineEvent,
  type ExecutionStatus,
  type Id,
  type Json,
  type JsonObject,
} from '@noetl/protocol';
import type { Store, Tx } from './database.ts';
import { eventsAfter } from './event-log.ts';
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
}

export interface NewExecution {
  execution_id: Id;
  catalog_id: Id;
  path: string;
  version: number;
  parent_execution_id?: Id;
  payload: JsonObject;
  /** Who is told of the end. */
  webhook?: Webhook;
  /** The caller's key; the same key with the same `request_hash` gives the same execution. */
  idempotency_key?: string;
  request_hash?: string;
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
] as const;
const COLUMNS = [...HEAD, 'result'] as const;

/** Throws IDEMPOTENCY_CONFLICT when the key was used for another request. */
export async function createExecution(
  store: Store,
  execution: NewExecution,
): Promise<{ execution_id: Id; created: boolean }> {
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
    })
    .onConflict((conflict) =>
      conflict.column('idempotency_key').where('idempotency_key', 'is not', null).doNothing(),
    )
    .returning('execution_id')
    .executeTakeFirst();
  if (inserted) return { execution_id: inserted.execution_id, created: true };
  const existing = await store.db
    .selectFrom('execution')
    .select(['execution_id', 'request_hash'])
    .where('idempotency_key', '=', execution.idempotency_key ?? '')
    .executeTakeFirstOrThrow();
  if (existing.request_hash !== (execution.request_hash ?? null)) {
    throw new NoetlError('IDEMPOTENCY_CONFLICT', 'the Idempotency-Key was used for a different request');
  }
  return { execution_id: existing.execution_id, created: false };
}

export function getExecution(store: Store, executionId: Id): Promise<ExecutionRow | undefined> {
  return store.db
    .selectFrom('execution')
    .select(COLUMNS)
    .where('execution_id', '=', executionId)
    .executeTakeFirst();
}

/** Newest first; `after` is the last id of the page before. */
export function listExecutions(
  store: Store,
  filter: {
    limit: number;
    offset?: number;
    after?: Id;
    status?: ExecutionStatus;
    path?: string;
    catalog_id?: Id;
  },
): Promise<ExecutionHead[]> {
  let query = store.db
    .selectFrom('execution')
    .select(HEAD)
    .orderBy('execution_id', 'desc')
    .offset(filter.offset ?? 0)
    .limit(filter.limit);
  if (filter.after !== undefined) query = query.where('execution_id', '<', filter.after);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.path !== undefined) query = query.where('path', '=', filter.path);
  if (filter.catalog_id !== undefined) query = query.where('catalog_id', '=', filter.catalog_id);
  return query.execute();
}

/** Which entry of the catalog an execution runs; undefined when it is unknown. */
export async function catalogOf(store: Store, executionId: Id): Promise<Id | undefined> {
  const row = await store.db
    .selectFrom('execution')
    .select('catalog_id')
    .where('execution_id', '=', executionId)
    .executeTakeFirst();
  return row?.catalog_id;
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
  { idle_ms, limit }: { idle_ms: number; limit: number },
): Promise<ExecutionHead[]> {
  return (
    store.db
      .selectFrom('execution')
      .select(HEAD)
      .where('end_time', 'is', null)
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
 * Runs `decide` under the execution's row lock, in one transaction. Undefined when the execution is unknown.
 * `known`: last event of a state that the caller holds; it saves reading the snapshot and what is folded already.
 */
export async function withExecution<T>(
  store: Store,
  executionId: Id,
  decide: (tx: Tx, locked: LockedExecution) => Promise<T>,
  known?: Id,
): Promise<T | undefined> {
  return store.db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom('execution')
      .select([...COLUMNS, 'payload', 'snapshot_event_id'])
      .where('execution_id', '=', executionId)
      .forUpdate()
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
    .forUpdate()
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
