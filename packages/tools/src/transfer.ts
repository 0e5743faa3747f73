/** The tool `transfer`: rows of an HTTP answer or a query into a table, in chunks of one transaction each. */
import { isJsonObject, jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import type pg from 'pg';
import { requiredCredential } from './auth.ts';
import { itemTool, type ToolCall } from './item-tool.ts';
import { first, mappingSetting, numberSetting, requiredText, textSetting } from './settings.ts';
import { sqlError } from './sql/errors.ts';
import type { PostgresPools } from './sql/pools.ts';
import { statementsOf } from './sql/source.ts';
import { bound } from './sql/parameters.ts';
import { jsonValue } from './sql/types.ts';
import { insertStatements } from './sql/write-table.ts';
import type { Tool } from './tool.ts';

const TIMEOUT_S = 600;
const CHUNK_ROWS = 1_000;
/** Keys of an HTTP answer under which rows are looked for when no `data_path` says where they are. */
const ROW_KEYS = ['data', 'items', 'results', 'rows', 'records'];

const SCHEMA: JsonObject = {
  type: 'object',
  required: ['source', 'target'],
  properties: {
    source: {
      type: 'object',
      description: '{type: http, url, method, headers, params, data_path} or {type: postgres, auth, query}.',
    },
    target: {
      type: 'object',
      description: '{type: postgres, auth, table, mapping, mode, key} or {type: postgres, auth, query}.',
    },
    mode: { enum: ['append', 'replace', 'upsert'], description: 'append by default.' },
    chunk_size: { type: 'integer', description: 'Rows a transaction, 1000 by default.' },
  },
};

export interface TransferDeps {
  pools: PostgresPools;
  /** Sends a request of the http tool. */
  http: (config: JsonObject, call: ToolCall) => Promise<Json>;
}

export function transferTool(deps: TransferDeps): Tool {
  return itemTool({
    kind: 'transfer',
    schema: SCHEMA,
    timeout_s: TIMEOUT_S,
    run: (call) => transfer(deps, call),
  });
}

async function transfer(deps: TransferDeps, call: ToolCall): Promise<Json> {
  const source = sideOf(call.config, 'source');
  const target = sideOf(call.config, 'target');
  const sourceType = requiredText(source, 'transfer', 'type', 'kind', 'tool');
  const targetType = textSetting(target, 'type', 'kind', 'tool') ?? 'postgres';
  if (targetType !== 'postgres') throw unavailable('target', targetType);
  const rows = await sourceRows(deps, call, source, sourceType);
  const mapped = mappedRows(rows, mappingSetting(target, 'mapping'));
  const mode = textSetting(target, 'mode') ?? textSetting(call.config, 'mode') ?? 'append';
  const size = Math.max(1, Math.floor(numberSetting(call.config, 'chunk_size') ?? CHUNK_ROWS));
  const { data } = await requiredCredential(
    call.environment,
    'transfer',
    first(target, 'auth', 'credential'),
  );
  const chunks = await writeChunks(deps.pools.pool(data, {}), { ...target, mode }, mapped, size, call.signal);
  return {
    status: 'success',
    direction: `${sourceType}_to_${targetType}`,
    source_type: sourceType,
    target_type: targetType,
    mode,
    rows_transferred: mapped.length,
    chunks_processed: chunks,
    target_table: textSetting(target, 'table') ?? null,
    columns: Object.keys(mapped[0] ?? {}),
  };
}

function sideOf(config: JsonObject, name: 'source' | 'target'): JsonObject {
  const side = mappingSetting(config, name);
  if (side) return side;
  throw new NoetlError('TOOL_CONFIG', `the transfer tool needs \`${name}\``);
}

async function sourceRows(
  { pools, http }: TransferDeps,
  call: ToolCall,
  source: JsonObject,
  type: string,
): Promise<JsonObject[]> {
  if (type === 'http') {
    const answer = await http(source, call);
    return rowsIn(isJsonObject(answer) ? (answer['data'] ?? null) : answer, textSetting(source, 'data_path'));
  }
  if (type !== 'postgres') throw unavailable('source', type);
  const { data } = await requiredCredential(
    call.environment,
    'transfer',
    first(source, 'auth', 'credential'),
  );
  let rows: Json = [];
  for (const statement of statementsOf(source)) {
    const { text, values } = bound(statement, first(source, 'params'));
    try {
      rows = (await pools.pool(data, {}).query<JsonObject>(text, values)).rows.map(jsonValue);
    } catch (error) {
      throw sqlError(error, statement);
    }
  }
  return rowsIn(rows, undefined);
}

/** The list of mappings in a document: at the path, at the top, or under a key that usually holds it. */
function rowsIn(document: Json, path: string | undefined): JsonObject[] {
  let found: Json | undefined = document;
  for (const key of path === undefined ? [] : path.split('.')) {
    if (Array.isArray(found)) found = found[Number(key)];
    else found = isJsonObject(found) ? found[key] : undefined;
  }
  if (isJsonObject(found) && path === undefined) {
    const holder: JsonObject = found;
    const key = ROW_KEYS.find((name) => Array.isArray(holder[name]));
    found = key === undefined ? [holder] : holder[key];
  }
  if (Array.isArray(found)) return found.filter(isJsonObject);
  if (isJsonObject(found)) return [found];
  throw new NoetlError('TOOL_FAILED', `the source gave no rows${path === undefined ? '' : ` at "${path}"`}`);
}

/** `mapping`: column to field of the source, dots go inside; without one the fields are the columns. */
function mappedRows(rows: JsonObject[], mapping: JsonObject | undefined): JsonObject[] {
  if (!mapping) return rows;
  const field = (row: JsonObject, path: string): Json =>
    path.split('.').reduce<Json>((value, key) => (isJsonObject(value) ? (value[key] ?? null) : null), row);
  return rows.map((row) =>
    Object.fromEntries(Object.entries(mapping).map(([column, path]) => [column, field(row, jsonText(path))])),
  );
}

/** Each chunk is one transaction; `replace` empties the table in the first. Returns how many chunks there were. */
async function writeChunks(
  pool: pg.Pool,
  target: JsonObject,
  rows: JsonObject[],
  size: number,
  signal: AbortSignal,
): Promise<number> {
  let chunks = 0;
  const client = await pool.connect().catch((error: unknown) => {
    throw sqlError(error);
  });
  let clean = false;
  try {
    for (let at = 0; at < rows.length; at += size) {
      signal.throwIfAborted();
      const mode = target['mode'] === 'replace' && at > 0 ? 'append' : (target['mode'] ?? 'append');
      await client.query('BEGIN');
      for (const { text, values } of statementsFor({ ...target, mode }, rows.slice(at, at + size)))
        await client.query(text, values);
      await client.query('COMMIT');
      chunks += 1;
    }
    clean = true;
    return chunks;
  } catch (error) {
    throw sqlError(error);
  } finally {
    client.release(!clean);
  }
}

function statementsFor(target: JsonObject, rows: JsonObject[]) {
  const table = textSetting(target, 'table');
  if (table !== undefined) return insertStatements(table, target, rows);
  const statements = statementsOf(target);
  return rows.flatMap((row) => statements.map((statement) => bound(statement, row)));
}

function unavailable(side: string, type: string): NoetlError {
  return new NoetlError('TOOL_UNAVAILABLE', `transfer: the ${side} type "${type}" is not available`, {
    hint: 'Use http or postgres as source, postgres as target.',
  });
}
