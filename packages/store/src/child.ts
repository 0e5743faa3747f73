/**
 * Child executions, and commands that wait for one: a waiting command holds no worker slot, and the transaction that
 * ends the child sets it going again.
 */
import { sql } from 'kysely';
import { NoetlError, type RoutedCommand, type Id, type Json, type JsonObject } from '@noetl/protocol';
import type { CatalogHead } from './catalog.ts';
import type { CommandKey } from './command.ts';
import type { Store, Tx } from './database.ts';

/** A playbook that starts itself without end is stopped here. */
const DEPTH_MAX = 64;

export interface NewChild {
  execution_id: Id;
  parent_execution_id: Id;
  entry: Pick<CatalogHead, 'catalog_id' | 'path' | 'version'>;
  payload: JsonObject;
  /** The same for every attempt at starting this very child. */
  key: string;
  /** It fails when it has not ended after so many seconds. */
  timeout_s?: number;
}

/** Starts a child, or finds the one that an earlier try has started. Throws CHILD_FAILED. */
export async function createChild(
  store: Store,
  child: NewChild,
): Promise<{ execution_id: Id; created: boolean }> {
  const { entry, parent_execution_id, timeout_s = null } = child;
  const key = `child:${parent_execution_id}:${child.key}`;
  const { rows } = await sql<{ execution_id: Id }>`
    INSERT INTO noetl.execution (execution_id, catalog_id, path, version, status, payload, idempotency_key,
      parent_execution_id, root_execution_id, depth, deadline, traceparent)
    SELECT ${child.execution_id}, ${entry.catalog_id}, ${entry.path}, ${entry.version}, 'PENDING',
      ${JSON.stringify(child.payload)}, ${key}, p.execution_id, coalesce(p.root_execution_id, p.execution_id), p.depth + 1,
      now() + ${timeout_s}::float8 * interval '1 s', p.traceparent
    FROM noetl.execution AS p
    WHERE p.execution_id = ${parent_execution_id} AND p.end_time IS NULL AND p.depth < ${DEPTH_MAX}
    ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING execution_id`.execute(store.db);
  if (rows[0]) return { execution_id: rows[0].execution_id, created: true };
  const existing = await store.db
    .selectFrom('execution')
    .select('execution_id')
    .where('idempotency_key', '=', key)
    .executeTakeFirst();
  if (existing) return { execution_id: existing.execution_id, created: false };
  throw new NoetlError(
    'CHILD_FAILED',
    `no child of "${entry.path}" was started: the parent has ended, or children nest deeper than ${String(DEPTH_MAX)}`,
  );
}

export interface Suspension extends CommandKey {
  worker_id: string;
  /** What is done so far. */
  progress: Json;
  child: Id;
  /** The command goes on after this many milliseconds even when the child has not ended. */
  wake_after_ms?: number;
}

/**
 * `waiting`: the child's end will set the command going. `ended`: the child has ended already, go on at once.
 * `lost`: the command is no longer this worker's.
 */
export function suspendCommand(store: Store, suspension: Suspension): Promise<'waiting' | 'ended' | 'lost'> {
  const { execution_id, command_id, worker_id, progress, child } = suspension;
  const wakeMs = suspension.wake_after_ms ?? null;
  return store.db.transaction().execute(async (tx) => {
    // Waits for whoever ends the child right now: either we see the end, or it sees us waiting.
    const found = await tx
      .selectFrom('execution')
      .select('end_time')
      .where('execution_id', '=', child)
      .forShare()
      .executeTakeFirst();
    if (!found || found.end_time !== null) return 'ended';
    const { rows } = await sql`
      UPDATE noetl.command SET state = 'waiting', progress = ${JSON.stringify(progress)}, waits_for = ${child},
        wake_at = now() + ${wakeMs}::float8 * interval '1 ms', lease_until = NULL
      WHERE execution_id = ${execution_id} AND command_id = ${command_id} AND state = 'leased'
        AND worker_id = ${worker_id}
      RETURNING 1`.execute(tx);
    return rows.length > 0 ? 'waiting' : 'lost';
  });
}

export type Woken = RoutedCommand & { attempt: number };

/** In the transaction that ends an execution: whoever waits for it may go on. */
export async function wakeWaiting(tx: Tx, endedId: Id): Promise<Woken[]> {
  const { rows } = await sql<Woken>`
    UPDATE noetl.command SET state = 'pending', waits_for = NULL, wake_at = NULL, available_at = now()
    WHERE waits_for = ${endedId} AND state = 'waiting'
    RETURNING execution_id, command_id, lane, attempt, pool`.execute(tx);
  return rows;
}

/** Commands whose waiting has taken too long; they go on, and find that it has. */
export async function wakeOverdue(store: Store, limit: number): Promise<Woken[]> {
  const { rows } = await sql<Woken>`
    UPDATE noetl.command AS c SET state = 'pending', waits_for = NULL, wake_at = NULL, available_at = now()
    FROM (SELECT execution_id, command_id FROM noetl.command WHERE state = 'waiting' AND wake_at < now()
      ORDER BY wake_at LIMIT ${limit} FOR UPDATE SKIP LOCKED) AS due
    WHERE c.execution_id = due.execution_id AND c.command_id = due.command_id
    RETURNING c.execution_id, c.command_id, c.lane, c.attempt, c.pool`.execute(store.db);
  return rows;
}

/** Asks for the end of an execution; `advance` carries it out. */
export async function requestCancel(store: Store, executionId: Id, reason: string): Promise<void> {
  await store.db
    .updateTable('execution')
    .set({ cancel_requested: reason, updated_at: sql<Date>`now()` })
    .where('execution_id', '=', executionId)
    .where('end_time', 'is', null)
    .execute();
}

/** In the transaction that cancels an execution: its children are to be cancelled as well. Returns which. */
export async function requestCancelOfChildren(tx: Tx, parentId: Id, reason: string): Promise<Id[]> {
  const rows = await tx
    .updateTable('execution')
    .set({ cancel_requested: reason, updated_at: sql<Date>`now()` })
    .where('parent_execution_id', '=', parentId)
    .where('end_time', 'is', null)
    .returning('execution_id')
    .execute();
  return rows.map((row) => row.execution_id);
}

/** All executions below one, however deep. */
export async function descendants(
  store: Store,
  executionId: Id,
): Promise<{ execution_id: Id; status: string }[]> {
  const { rows } = await sql<{ execution_id: Id; status: string }>`
    WITH RECURSIVE below AS (
      SELECT execution_id, status FROM noetl.execution WHERE parent_execution_id = ${executionId}
      UNION ALL
      SELECT e.execution_id, e.status FROM noetl.execution AS e JOIN below AS b ON e.parent_execution_id = b.execution_id
    )
    SELECT execution_id, status FROM below LIMIT 10000`.execute(store.db);
  return rows;
}

/** Whether an execution is the other, or stands below it. */
export async function isWithin(store: Store, executionId: Id, ancestor: Id): Promise<boolean> {
  if (executionId === ancestor) return true;
  const { rows } = await sql`
    WITH RECURSIVE above AS (
      SELECT parent_execution_id FROM noetl.execution WHERE execution_id = ${executionId}
      UNION ALL
      SELECT e.parent_execution_id FROM noetl.execution AS e JOIN above AS a ON e.execution_id = a.parent_execution_id
    )
    SELECT 1 FROM above WHERE parent_execution_id = ${ancestor} LIMIT 1`.execute(store.db);
  return rows.length > 0;
}
