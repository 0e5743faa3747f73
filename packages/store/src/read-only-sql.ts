/** One read-only statement from outside: in a transaction that cannot write, with limits on time and rows. */
import { escapeIdentifier } from 'pg';
import type { Json } from '@noetl/protocol';
import type { Store } from './database.ts';

const TIMEOUT_MS = 10_000;
const ROWS_MAX = 1_000;

export interface ReadQuery {
  query: string;
  parameters: Json[];
  /** Schema in which bare table names are looked for first. */
  schema?: string;
}

/** Throws what Postgres says of the statement. */
export async function readOnlySql(
  store: Store,
  { query, parameters, schema }: ReadQuery,
): Promise<{ rows: object[]; truncated: boolean }> {
  const client = await store.pool.connect();
  try {
    await client.query('BEGIN READ ONLY');
    // Where the platform's own role may do more than read (files, other sessions), the statement may not.
    const { rows: can } = await client.query<{ lower: boolean }>(
      `SELECT pg_has_role(current_user, 'pg_read_all_data', 'MEMBER') AS lower`,
    );
    if (can[0]?.lower === true) await client.query('SET LOCAL ROLE pg_read_all_data');
    await client.query(`SET LOCAL statement_timeout = ${String(TIMEOUT_MS)}`);
    if (schema !== undefined)
      await client.query(`SET LOCAL search_path = ${escapeIdentifier(schema)}, public`);
    // The extended protocol takes one statement only; a cursor reads no more rows than are shown.
    await client.query(`DECLARE asked NO SCROLL CURSOR FOR ${query}`, parameters);
    const { rows } = await client.query<Record<string, Json>>(`FETCH ${String(ROWS_MAX + 1)} FROM asked`);
    return { rows: rows.slice(0, ROWS_MAX), truncated: rows.length > ROWS_MAX };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}
