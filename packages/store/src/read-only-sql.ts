/** One read-only statement from outside: in a transaction that cannot write, with limits on time and rows. */
import { escapeIdentifier, type PoolClient } from 'pg';
import { NoetlError, type Json } from '@noetl/protocol';
import type { Store } from './database.ts';

const TIMEOUT_MS = 10_000;
const ROWS_MAX = 1_000;
/** As text of JSON. */
const ROWS_MAX_BYTES = 16 * 1024 * 1024;
/** The rest of the pool stays with those it is for. */
const AT_ONCE = 3;

/**
 * What a transaction does not contain: functions that change who asks, run text as SQL (in which the first may stand),
 * reach files or other servers, or act on other sessions; and tables of passwords. Whoever may not do these things is refused by Postgres
 * itself; the platform's role may be one that may.
 */
const REACHES_OUT =
  /\b(set_config|(query|cursor)_to_xml\w*|(table|schema|database)_to_xml\w*|ts_stat|ts_rewrite|crosstab\w*|connectby|xpath_table|dblink\w*|postgres_fdw\w*|lo_\w+|pg_read_\w*file|pg_ls_\w+|pg_stat_file|pg_file_\w+|pg_(try_)?advisory_\w+|pg_(terminate|cancel)_backend|pg_notify|pg_reload_conf|pg_rotate_logfile|pg_logical_\w+|pg_switch_wal|pg_create_\w+|pg_drop_\w+|pg_promote|pg_log_\w+|pg_stat_reset\w*|pg_authid|pg_shadow|pg_user_mappings?|pg_largeobject|pg_subscription|pg_hba_file_rules|pg_file_settings)\b|\bu&"/i;

export interface ReadQuery {
  query: string;
  parameters: Json[];
  /** Schema in which bare table names are looked for first. */
  schema?: string;
}

const waiting: (() => void)[] = [];
let running = 0;

/** Throws what Postgres says of the statement; SQL_REFUSED for one that does not only read tables. */
export async function readOnlySql(
  store: Store,
  query: ReadQuery,
): Promise<{ rows: object[]; truncated: boolean }> {
  const reaches = REACHES_OUT.exec(query.query);
  if (reaches) {
    const name = reaches[0] === 'U&"' || reaches[0] === 'u&"' ? 'names in Unicode escapes' : reaches[0];
    throw new NoetlError('SQL_REFUSED', `the statement uses ${name}, which is not allowed here`);
  }
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    return await read(store, query);
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

async function read(
  store: Store,
  { query, parameters, schema }: ReadQuery,
): Promise<{ rows: object[]; truncated: boolean }> {
  const client = await store.pool.connect();
  try {
    await client.query('BEGIN READ ONLY');
    const role = await readingRole(client);
    if (role !== undefined) await client.query(`SET LOCAL ROLE ${escapeIdentifier(role)}`);
    await client.query(`SET LOCAL statement_timeout = ${String(TIMEOUT_MS)}`);
    await client.query(
      `SET LOCAL search_path = pg_catalog, ${escapeIdentifier(schema ?? 'noetl')}, public, pg_temp`,
    );
    // The extended protocol takes one statement only; the driver uses it by itself only where there are parameters.
    const asked = { text: `DECLARE asked NO SCROLL CURSOR FOR ${query}`, values: parameters };
    await client.query({ ...asked, queryMode: 'extended' } as typeof asked);
    // A cursor reads no more rows than are shown.
    const { rows } = await client.query<Record<string, Json>>(`FETCH ${String(ROWS_MAX + 1)} FROM asked`);
    return bounded(rows);
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    // Whatever the statement left in the session ends with it.
    client.release(true);
  }
}

/**
 * Where the platform's own role may do more than read (files, other sessions, secrets), the statement may not: an owner
 * reads all data, the login of the api what a reader may.
 */
async function readingRole(client: PoolClient): Promise<string | undefined> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT rolname AS name FROM pg_roles
     WHERE rolname IN ('pg_read_all_data', 'noetl_reader') AND pg_has_role(current_user, oid, 'MEMBER')
     ORDER BY rolname DESC LIMIT 1`,
  );
  return rows[0]?.name;
}

function bounded(rows: Record<string, Json>[]): { rows: object[]; truncated: boolean } {
  let bytes = 0;
  const fits = rows.slice(0, ROWS_MAX).filter((row) => {
    bytes += JSON.stringify(row).length;
    return bytes <= ROWS_MAX_BYTES;
  });
  return { rows: fits, truncated: fits.length < rows.length };
}
