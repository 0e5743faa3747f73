/** The audit log: rows are added, read by pages, and deleted by age alone. Nothing ever changes one. */
import { sql } from 'kysely';
import type { Id } from '@noetl/protocol';
import { connection, type Store, type Tx } from './database.ts';

export interface AuditEntry {
  who: string;
  /** `token`, `admin_token` or `oidc`. */
  via: string;
  token_id: string | null;
  /** Such as `execution.start`. */
  action: string;
  object: string | null;
  request_id: string;
  /** SHA-256 of the object, in hexadecimal, where it was there. */
  before_hash: string | null;
  after_hash: string | null;
  outcome: 'done' | 'refused' | 'failed' | 'aborted';
  /** Of HTTP; 0 when the caller did not wait for the answer. */
  status: number;
}

export interface AuditRow extends AuditEntry {
  audit_id: Id;
  time: Date;
}

export interface AuditFilter {
  limit: number;
  /** `audit_id` of the last row of the page before. */
  after?: Id;
  who?: string;
  action?: string;
  object?: string;
  outcome?: AuditEntry['outcome'];
  since?: Date;
  until?: Date;
}

export async function recordAudit(store: Store, entry: AuditEntry): Promise<void> {
  await store.db.insertInto('audit').values(entry).execute();
}

/** Newest first. */
export async function listAudit(store: Store, filter: AuditFilter): Promise<AuditRow[]> {
  let query = store.db.selectFrom('audit').selectAll().orderBy('audit_id', 'desc').limit(filter.limit);
  if (filter.after !== undefined) query = query.where('audit_id', '<', filter.after);
  for (const name of ['who', 'action', 'object', 'outcome'] as const) {
    const value = filter[name];
    if (value !== undefined) query = query.where(name, '=', value);
  }
  if (filter.since !== undefined) query = query.where('time', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('time', '<', filter.until);
  return (await query.execute()) as AuditRow[];
}

/** Rows older than so many days. */
export async function countAudit(store: Store | Tx, days: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM noetl.audit WHERE time < now() - ${days} * interval '1 day'`.execute(
    connection(store),
  );
  return rows[0]?.count ?? 0;
}

/** Deletes rows older than so many days, at most `limit`; says how many. Whoever asks may delete no younger ones. */
export async function deleteAudit(store: Store, days: number, limit: number): Promise<number> {
  const { rows } = await sql<{ deleted: number }>`
    SELECT noetl.purge_audit(${days}::float8, ${limit}) AS deleted`.execute(store.db);
  return rows[0]?.deleted ?? 0;
}
