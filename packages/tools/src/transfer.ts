/** The tool `transfer`: rows of an HTTP answer or a query into a table, in chunks of one transaction each. */
import { isJsonObject, jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import type pg from 'pg';
import { requiredCredential } from './auth.ts';
import { itemTool, timeoutOf, type ToolCall } from './item-tool.ts';
import { first, mappingSetting, numberSetting, requiredText, textSetting } from './settings.ts';
import type { PostgresPools } from './sql/pools.ts';
import { statementsOf } from './sql/source.ts';
import { bound, type Bound } from './sql/parameters.ts';
import { withSession } from './sql/session.ts';
import { emptyStatement, insertStatements } from './sql/write-table.ts';
import type { Tool } from './tool.ts';

const TIMEOUT_S = 600;
const CHUNK_ROWS = 1_000;
const MODES = ['append', 'insert', 'replace', 'upsert', 'update'];
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
      description:
        '{type: postgres, auth, table, mapping, mode, key} or {type: postgres, auth, query} with :field, %s or $1.',
    },
    mode: { enum: MODES, description: 'append by default; upsert and update need `key` in the target.' },
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
  const mode = textSetting(target, 'mode') ?? textSetting(call.config, 'mode') ?? 'append';
  if (!MODES.includes(mode))
    throw new NoetlError('TOOL_CONFIG', `transfer: there is no mode "${mode}"; use ${MODES.join(', ')}`);
  const rows = await sourceRows(deps, call, source, sourceType);
  const mapped = mappedRows(rows, mappingSetting(target, 'mapping'));
  const size = Math.max(1, Math.floor(numberSetting(call.config, 'chunk_size') ?? CHUNK_ROWS));
  const { data } = await requiredCredential(
    call.environment,
    'transfer',
    first(target, 'auth', 'credential'),
  );
  const pool = deps.pools.pool(data, {}, timeoutOf(call, TIMEOUT_S));
  const chunks = await writeChunks(pool, { ...target, mode }, mapped, size, call.signal);
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
  const statements = statementsOf(source, 'transfer').map((text) => bound(text, first(source, 'params')));
  const pool = pools.pool(data, {}, timeoutOf(call, TIMEOUT_S));
  return withSession(pool, call.signal, async (execute) => {
    let rows: Json[] = [];
    for (const statement of statements) ({ rows } = await execute(statement));
    return rows.filter(isJsonObject);
  });
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
  const rows = isJsonObject(found) ? [found] : found;
  const place = path === undefined ? '' : ` at "${path}"`;
  if (!Array.isArray(rows)) throw new NoetlError('TOOL_FAILED', `the source gave no rows${place}`);
  const odd = rows.findIndex((row) => !isJsonObject(row));
  if (odd < 0) return rows as JsonObject[];
  const text = `item ${String(odd)} of the source${place} is no row of fields: ${jsonText(rows[odd] ?? null)}`;
  throw new NoetlError('TOOL_FAILED', text.slice(0, 300));
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
function writeChunks(
  pool: pg.Pool,
  target: JsonObject,
  rows: JsonObject[],
  size: number,
  signal: AbortSignal,
): Promise<number> {
  return withSession(pool, signal, async (execute) => {
    let chunks = 0;
    // Also without rows: what is replaced by nothing is gone.
    if (rows.length === 0 && target['mode'] === 'replace') await execute(emptied(target));
    for (let at = 0; at < rows.length; at += size) {
      const mode = target['mode'] === 'replace' && at > 0 ? 'append' : (target['mode'] ?? 'append');
      await execute({ text: 'BEGIN', values: [] });
      for (const statement of statementsFor({ ...target, mode }, rows.slice(at, at + size)))
        await execute(statement);
      await execute({ text: 'COMMIT', values: [] });
      chunks += 1;
    }
    return chunks;
  });
}

function statementsFor(target: JsonObject, rows: JsonObject[]): Bound[] {
  const table = textSetting(target, 'table');
  if (table !== undefined) return insertStatements(table, target, rows);
  const statements = statementsOf(target, 'transfer');
  // `%s` and `$1` take the fields of a row in the order of the mapping, `:name` takes them by name.
  return rows.flatMap((row) =>
    statements.map((text) => bound(text, /%s|\$\d/.test(text) ? Object.values(row) : row)),
  );
}

function emptied(target: JsonObject): Bound {
  return emptyStatement(requiredText(target, 'transfer', 'table'));
}

function unavailable(side: string, type: string): NoetlError {
  return new NoetlError('TOOL_UNAVAILABLE', `transfer: the ${side} type "${type}" is not available`, {
    hint: 'Use http or postgres as source, postgres as target.',
  });
}
