/** One use of a database connection: statements one after another, ended when the caller's time is up. */
import type { Json, JsonObject } from '@noetl/protocol';
import pg from 'pg';
import { sqlError } from './errors.ts';
import type { Bound } from './parameters.ts';
import { boundedTypes, jsonValue } from './types.ts';

/**
 * Statements that leave the session as it is, when they call none of these functions. After any other one, the next
 * user of the connection must not see what it left: settings, temporary tables, locks, an open transaction.
 */
const PLAIN =
  /^(select|insert|update|delete|with|values|merge|table|create\s+table|drop\s+table|truncate|alter\s+table)\b/i;
const CHANGES_SESSION =
  /\b(set_config|pg_(try_)?advisory_lock\w*|setseed|dblink\w*)\b|\binto\s+(global\s+|local\s+)?temp|\bu&"/i;

/** Result of one statement. */
export interface StatementResult extends JsonObject {
  status: string;
  rows: Json[];
  row_count: number;
  columns: string[];
  message: string;
}

export type Execute = (statement: Bound) => Promise<StatementResult>;

/** Runs `work` on a connection of the pool. Throws SQL_FAILED. */
export async function withSession<T>(
  pool: pg.Pool,
  signal: AbortSignal,
  work: (execute: Execute) => Promise<T>,
): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw sqlError(error);
  });
  const cancel = (): void => void cancelOn(pool, client);
  signal.addEventListener('abort', cancel, { once: true });
  const session = { changed: false };
  let clean = false;
  try {
    const result = await work((statement) => {
      session.changed ||= !PLAIN.test(statement.text) || CHANGES_SESSION.test(statement.text);
      return execute(client, statement, signal);
    });
    if (session.changed) await forget(client);
    clean = !signal.aborted;
    return result;
  } finally {
    signal.removeEventListener('abort', cancel);
    // After an error nobody knows what the session is in: the connection is closed.
    client.release(!clean);
  }
}

async function execute(
  client: pg.PoolClient,
  { text, values }: Bound,
  signal: AbortSignal,
): Promise<StatementResult> {
  signal.throwIfAborted();
  try {
    const query = { text, types: boundedTypes(), ...(values.length > 0 && { values }) };
    const result = await client.query<JsonObject>(query);
    const rows = result.rows.map(jsonValue);
    const row_count = result.rowCount ?? rows.length;
    return {
      status: 'success',
      rows,
      row_count,
      columns: result.fields.map((column) => column.name),
      message: `${result.command} ${String(row_count)}`,
    };
  } catch (error) {
    throw sqlError(error, text);
  }
}

/** One by one: DISCARD ALL may not stand beside another statement. */
async function forget(client: pg.PoolClient): Promise<void> {
  await client.query('ROLLBACK');
  await client.query('DISCARD ALL');
}

/** Ends the statement that runs on `client`, over a connection of its own: the pool may have no other. */
async function cancelOn({ options }: pg.Pool, client: pg.PoolClient): Promise<void> {
  const { processID } = client as unknown as { processID: number };
  const other = new pg.Client(options);
  other.on('error', () => undefined);
  try {
    await other.connect();
    await other.query('SELECT pg_cancel_backend($1)', [processID]);
  } catch {
    // A server that does not let us in ends the statement with its connection.
  } finally {
    await other.end().catch(() => undefined);
  }
}
