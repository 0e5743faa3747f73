/** One call's connection to DuckDB: opened, told to stop by the signal, and closed. */
import type * as DuckDB from '@duckdb/node-api';
import { NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { failureOf } from './failure.ts';
import { cell, columnsOf } from './values.ts';

const RESULT_MAX = 10 * 1024 * 1024;
const INTERRUPT_EVERY_MS = 50;

export interface StatementResult extends JsonObject {
  status: 'success';
  rows: JsonObject[];
  row_count: number;
  columns: string[];
}

export interface Session {
  /** Throws SQL_FAILED, TOOL_UNAVAILABLE, or the signal's reason. */
  run(sql: string, details?: JsonObject): Promise<StatementResult>;
}

/** All calls of this process that use a file share one instance: DuckDB locks files. */
let files: DuckDB.DuckDBInstanceCache | undefined;

export async function withSession<T>(
  database: string,
  secrets: string[],
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const duckdb = await library();
  signal.throwIfAborted();
  files ??= new duckdb.DuckDBInstanceCache();
  try {
    const instance = await (database === ':memory:'
      ? duckdb.DuckDBInstance.create(database)
      : files.getOrCreateInstance(database));
    try {
      const connection = await instance.connect();
      try {
        return await work({
          run: (sql, details) =>
            interruptible(connection, signal, () => runStatement(duckdb, connection, sql)).catch(
              (error: unknown) => {
                signal.throwIfAborted();
                throw failureOf(error, secrets, details);
              },
            ),
        });
      } finally {
        connection.closeSync();
      }
    } finally {
      instance.closeSync();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(error, secrets);
  }
}

async function library(): Promise<typeof DuckDB> {
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    throw new NoetlError('TOOL_UNAVAILABLE', 'DuckDB is not installed beside the worker', {
      hint: 'npm install @duckdb/node-api',
      cause: error,
    });
  }
}

/** An interrupt is lost when it comes before the statement has begun: it is repeated until it is heard. */
async function interruptible<T>(
  connection: DuckDB.DuckDBConnection,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  let repeated: NodeJS.Timeout | undefined;
  const interrupt = () => {
    connection.interrupt();
    repeated = setInterval(() => connection.interrupt(), INTERRUPT_EVERY_MS);
  };
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    return await work();
  } finally {
    signal.removeEventListener('abort', interrupt);
    clearInterval(repeated);
  }
}

async function runStatement(
  duckdb: typeof DuckDB,
  connection: DuckDB.DuckDBConnection,
  sql: string,
): Promise<StatementResult> {
  const result = await connection.stream(sql);
  if (result.returnType !== duckdb.ResultReturnType.QUERY_RESULT) {
    return { status: 'success', rows: [], row_count: result.rowsChanged, columns: [] };
  }
  const columns = columnsOf(result);
  const rows: JsonObject[] = [];
  let bytes = 0;
  for await (const page of result.yieldRows()) {
    const read = page.map((row) =>
      Object.fromEntries(
        columns.map((column, at): [string, Json] => [column.name, cell(duckdb, row[at] ?? null, column)]),
      ),
    );
    bytes += JSON.stringify(read).length;
    if (bytes > RESULT_MAX) throw new NoetlError('RESULT_TOO_LARGE', 'the rows are larger than 10 MiB');
    rows.push(...read);
  }
  return { status: 'success', rows, row_count: rows.length, columns: columns.map((column) => column.name) };
}
