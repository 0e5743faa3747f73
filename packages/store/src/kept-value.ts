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
  /** step, execution, workflow or permanent; a word for people, kept with the value. */
  scope?: string;
  /** Tier that was asked for; all are kept in Postgres. */
  store?: string;
  ttl_s?: number;
}

/** Reference of the stored value, with the facts that stand beside it. */
export async function keepValue(store: Store, kept: KeptValue): Promise<Ref & JsonObject> {
  const { execution_id, text } = kept;
  const id = await newValueId(store);
  const { rows } = await sql<{ expires_at: Date | null }>`
    INSERT INTO noetl.value (execution_id, value_id, content, step, name, scope, store, expires_at)
    VALUES (${execution_id}, ${id}, ${text}, ${kept.step ?? null}, ${kept.name ?? null}, ${kept.scope ?? 'execution'},
      ${kept.store ?? 'db'}, now() + ${kept.ttl_s ?? null}::float8 * interval '1 second')
    RETURNING expires_at`.execute(store.db);
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
    SELECT value_id, name, step, scope, store, octet_length(content::text) AS bytes, created_at, expires_at
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
