/** Results kept under a name of their own: what `output` of a step and the tool `artifact` store. */
import { sql } from 'kysely';
import { makeRef, type Id, type JsonObject, type Ref } from '@noetl/protocol';
import { newValueId } from './collection.ts';
import type { Store } from './database.ts';

export interface KeptValue {
  execution_id: Id;
  /** JSON. */
  text: string;
  step?: string;
  name?: string;
  /** step: until the execution has ended. execution, workflow, permanent: as long as the execution is kept. */
  scope?: string;
  /** Tier that was asked for; all are kept in Postgres. */
  store?: string;
  ttl_s?: number;
}

/** Values of these scopes end with the execution; the mark keeps them in the index of those that expire. */
const UNTIL_END: Partial<Record<string, string>> = { step: 'infinity' };

/** Reference of the stored value, with the facts that stand beside it. */
export async function keepValue(store: Store, kept: KeptValue): Promise<Ref & JsonObject> {
  const { execution_id, text } = kept;
  const id = await newValueId(store);
  const { rows } = await sql<{ expires_at: Date | null }>`
    INSERT INTO noetl.value (execution_id, value_id, content, step, name, scope, store, expires_at)
    VALUES (${execution_id}, ${id}, ${text}, ${kept.step ?? null}, ${kept.name ?? null}, ${kept.scope ?? 'execution'},
      ${kept.store ?? 'db'}, coalesce(now() + ${kept.ttl_s ?? null}::float8 * interval '1 second', ${UNTIL_END[kept.scope ?? ''] ?? null}::timestamptz))
    RETURNING nullif(expires_at, 'infinity') AS expires_at`.execute(store.db);
  return {
    ...makeRef(execution_id, 'value', id, 0, Buffer.byteLength(text)),
    store: kept.store ?? 'db',
    scope: kept.scope ?? 'execution',
    expires_at: rows[0]?.expires_at?.toISOString() ?? null,
  };
}

export interface KeptRecord {
  ref: string;
  name: string | null;
  step: string | null;
  scope: string | null;
  store: string | null;
  bytes: number;
  created_at: Date;
  expires_at: Date | null;
}

/** Values of an execution that were kept under a step or a name, newest first. */
export async function listKept(store: Store, executionId: Id, limit: number): Promise<KeptRecord[]> {
  const { rows } = await sql<KeptRecord & { value_id: Id }>`
    SELECT value_id, name, step, scope, store, octet_length(content::text) AS bytes, created_at,
      nullif(expires_at, 'infinity') AS expires_at
    FROM noetl.value
    WHERE execution_id = ${executionId} AND (step IS NOT NULL OR name IS NOT NULL)
      AND (expires_at IS NULL OR expires_at > now())
    ORDER BY value_id DESC LIMIT ${limit}`.execute(store.db);
  return rows.map(({ value_id, ...row }) => ({
    ...row,
    ref: makeRef(executionId, 'value', value_id, 0, 0).ref,
  }));
}

/** True when there was one. */
export async function dropKept(store: Store, executionId: Id, valueId: Id): Promise<boolean> {
  const { numDeletedRows } = await store.db
    .deleteFrom('value')
    .where('execution_id', '=', executionId)
    .where('value_id', '=', valueId)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Deletes values whose time is over, and those of scope `step` once all is at an end. Returns how many. */
export async function dropExpired(store: Store, limit: number): Promise<number> {
  const timed = await sql`
    DELETE FROM noetl.value AS v USING (
      SELECT execution_id, value_id FROM noetl.value WHERE expires_at <= now() ORDER BY expires_at LIMIT ${limit}
    ) AS due
    WHERE v.execution_id = due.execution_id AND v.value_id = due.value_id`.execute(store.db);
  // A child's values are read by those above it: they live until the root has ended.
  const scoped = await sql`
    DELETE FROM noetl.value AS v USING (
      SELECT v.execution_id, v.value_id FROM noetl.value AS v
      JOIN noetl.execution AS e ON e.execution_id = v.execution_id
      JOIN noetl.execution AS root ON root.execution_id = coalesce(e.root_execution_id, e.execution_id)
      WHERE v.expires_at = 'infinity' AND root.end_time IS NOT NULL LIMIT ${limit}
    ) AS due
    WHERE v.execution_id = due.execution_id AND v.value_id = due.value_id`.execute(store.db);
  return Number(timed.numAffectedRows ?? 0) + Number(scoped.numAffectedRows ?? 0);
}
