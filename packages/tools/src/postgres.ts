/** The tool `postgres`: statements one after another on one connection of the credential's pool. */
import type { Json, JsonObject } from '@noetl/protocol';
import type pg from 'pg';
import { requiredCredential } from './auth.ts';
import { itemTool, type ToolCall } from './item-tool.ts';
import { first, mappingSetting } from './settings.ts';
import type { Tool } from './tool.ts';
import { sqlError } from './sql/errors.ts';
import { bound, type Bound } from './sql/parameters.ts';
import type { PostgresPools } from './sql/pools.ts';
import { SQL_SCHEMA, statementsOf } from './sql/source.ts';
import { jsonValue } from './sql/types.ts';
import { insertStatements } from './sql/write-table.ts';

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    auth: { description: 'Name of a credential of type postgres, or its fields.' },
    credential: { description: 'Another name of `auth`.' },
    ...SQL_SCHEMA,
    params: {
      type: ['array', 'object'],
      description: 'Bind parameters: a list for $1 and %s, a mapping for :name.',
    },
    pool: { type: 'object', description: 'max_size, timeout, max_idle, max_lifetime (seconds).' },
    table: { type: 'string', description: 'Instead of SQL: the table that `data` is written to.' },
    mode: { enum: ['insert', 'append', 'upsert', 'replace', 'update'], description: 'With `table`.' },
    key: { description: 'With `mode: upsert` or `update`: the column or columns that identify a row.' },
    data: { type: ['object', 'array'], description: 'With `table`: a row, or a list of rows.' },
  },
};

const TIMEOUT_S = 300;
/** Statements that change the session; the next user of the connection must not see that. */
const CHANGES_SESSION =
  /^\s*(set|create\s+(global\s+|local\s+)?temp|prepare|listen|begin|start\s+transaction|lock|declare)\b/i;

/** Result of one statement. */
interface StatementResult extends JsonObject {
  status: string;
  rows: Json[];
  row_count: number;
  columns: string[];
  message: string;
}

export function postgresTool(pools: PostgresPools): Tool {
  return itemTool({
    kind: 'postgres',
    schema: SCHEMA,
    timeout_s: TIMEOUT_S,
    run: (call) => run(pools, call),
  });
}

async function run(pools: PostgresPools, call: ToolCall): Promise<Json> {
  const { config, input, environment } = call;
  const statements = boundStatements(config, input);
  const { data } = await requiredCredential(environment, 'postgres', first(config, 'auth', 'credential'));
  const pool = pools.pool(data, mappingSetting(config, 'pool') ?? {});
  const client = await pool.connect().catch((error: unknown) => {
    throw sqlError(error);
  });
  const cancel = (): void => void cancelOn(pool, client);
  call.signal.addEventListener('abort', cancel, { once: true });
  let clean = false;
  try {
    const results: StatementResult[] = [];
    for (const statement of statements) results.push(await execute(client, statement, call.signal));
    if (statements.some(({ text }) => CHANGES_SESSION.test(text)))
      await client.query('ROLLBACK; DISCARD ALL').catch(() => client.query('ROLLBACK'));
    clean = true;
    return combined(results);
  } finally {
    call.signal.removeEventListener('abort', cancel);
    // After an error nobody knows what the session is in: the connection is closed.
    client.release(!clean);
  }
}

function boundStatements(config: JsonObject, input: JsonObject): Bound[] {
  const table = first(config, 'table');
  if (typeof table === 'string') return insertStatements(table, config, first(config, 'data') ?? input);
  const parameters =
    first(config, 'params', 'parameters') ?? (Object.keys(input).length > 0 ? input : undefined);
  return statementsOf(config).map((statement) => bound(statement, parameters));
}

async function execute(
  client: pg.PoolClient,
  { text, values }: Bound,
  signal: AbortSignal,
): Promise<StatementResult> {
  signal.throwIfAborted();
  try {
    const result = await client.query<JsonObject>(values.length > 0 ? { text, values } : { text });
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

/** `command_0`, `command_1` … and, on top, the fields of the last one. */
function combined(results: StatementResult[]): JsonObject {
  const last = results.at(-1) as StatementResult;
  const each = Object.fromEntries(results.map((result, index) => [`command_${String(index)}`, result]));
  const { status, rows, row_count, columns } = last;
  return { ...each, status, rows, row_count, columns, statement_count: results.length };
}

/** Ends the statement that runs on `client`, from another connection. */
async function cancelOn(pool: pg.Pool, client: pg.PoolClient): Promise<void> {
  const { processID } = client as unknown as { processID: number };
  await pool.query('SELECT pg_cancel_backend($1)', [processID]).catch(() => undefined);
}
