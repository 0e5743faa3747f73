/** The connection to Postgres. */
import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import { giveUpDeadLinks } from './dead-links.ts';
import { preparing, UnpreparedClient } from './prepared.ts';
import type { Database } from './tables.ts';

export interface Store {
  db: Kysely<Database>;
  pool: pg.Pool;
  close(): Promise<void>;
}

export type Tx = Transaction<Database>;

/** Kysely's own face of both: a transaction is one, a store has one. */
export function connection(of: Store | Tx): Store['db'] {
  return 'db' in of ? of.db : of;
}

export interface StoreOptions {
  url: string;
  maxConnections: number;
  applicationName: string;
  /** Connections break when Postgres restarts; the pool replaces them, the process lives on. */
  onError: (error: Error) => void;
  /** A statement that runs longer is cancelled. */
  statementTimeoutMs?: number;
  /** False behind a pooler that knows no prepared statements; true when absent. */
  prepared?: boolean;
}

const STATEMENT_TIMEOUT_MS = 60_000;
/**
 * Between the statements of a transaction there is only our own code, so whoever is silent for so long is frozen or cut
 * off, and its locks must not hold up the others.
 */
const IDLE_IN_TRANSACTION_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
const DEAD_LINK_MARGIN_MS = 5_000;
const INT8_OID = 20;
const NUMERIC_OID = 1700;

export function connectStore(options: StoreOptions): Store {
  const timeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections,
    ...(options.prepared === false && { Client: UnpreparedClient }),
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    options: `-c search_path=noetl,public -c statement_timeout=${String(timeoutMs)} -c idle_in_transaction_session_timeout=${String(IDLE_IN_TRANSACTION_MS)}`,
    types: { getTypeParser: (oid: number, format?: 'text' | 'binary') => typeParser(oid, format) },
  });
  pool.on('error', options.onError);
  pool.on('connect', (client) => client.on('error', options.onError));
  giveUpDeadLinks(pool, timeoutMs + DEAD_LINK_MARGIN_MS);
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: preparing(pool) }) }).withSchema(
    'noetl',
  );
  const close = async (): Promise<void> => {
    await db.destroy();
    // Kysely ends the pool only when a statement has gone through it.
    if (!pool.ending) await pool.end();
  };
  return { db, pool, close };
}

/** pg's own parsers; its types name only the ids it knows. */
const DEFAULT_PARSERS = pg.types as unknown as {
  getTypeParser(oid: number, format: 'text' | 'binary'): (value: string) => unknown;
};

/** int8 stays text (ids exceed 2^53), numeric becomes a number. */
function typeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8_OID) return (value) => value;
  if (oid === NUMERIC_OID) return Number;
  return DEFAULT_PARSERS.getTypeParser(oid, format ?? 'text');
}
