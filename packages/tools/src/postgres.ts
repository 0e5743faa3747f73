/** The tool `postgres`: statements one after another on one connection of the credential's pool. */
import type { Json, JsonObject } from '@noetl/protocol';
import { requiredCredential } from './auth.ts';
import { itemTool, timeoutOf, type ToolCall } from './item-tool.ts';
import { first, mappingSetting } from './settings.ts';
import type { Tool } from './tool.ts';
import { bound, type Bound } from './sql/parameters.ts';
import type { PostgresPools } from './sql/pools.ts';
import { withSession, type StatementResult } from './sql/session.ts';
import { SQL_SCHEMA, statementsOf } from './sql/source.ts';
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

export function postgresTool(pools: PostgresPools): Tool {
  return itemTool({
    kind: 'postgres',
    schema: SCHEMA,
    timeout_s: TIMEOUT_S,
    run: (call) => run(pools, call),
  });
}

async function run(pools: PostgresPools, call: ToolCall): Promise<Json> {
  const { config, input, environment, signal } = call;
  const statements = boundStatements(config, input);
  const { data } = await requiredCredential(environment, 'postgres', first(config, 'auth', 'credential'));
  const pool = pools.pool(data, mappingSetting(config, 'pool') ?? {}, timeoutOf(call, TIMEOUT_S));
  return withSession(pool, signal, async (execute) => {
    const results: StatementResult[] = [];
    for (const statement of statements) results.push(await execute(statement));
    return combined(results);
  });
}

function boundStatements(config: JsonObject, input: JsonObject): Bound[] {
  const table = first(config, 'table');
  if (typeof table === 'string') return insertStatements(table, config, first(config, 'data') ?? input);
  const parameters =
    first(config, 'params', 'parameters') ?? (Object.keys(input).length > 0 ? input : undefined);
  return statementsOf(config).map((statement) => bound(statement, parameters));
}

/** `command_0`, `command_1` … and, on top, the fields of the last one. */
function combined(results: StatementResult[]): JsonObject {
  const last = results.at(-1) as StatementResult;
  const each = Object.fromEntries(results.map((result, index) => [`command_${String(index)}`, result]));
  const { status, rows, row_count, columns } = last;
  return { ...each, status, rows, row_count, columns, statement_count: results.length };
}
