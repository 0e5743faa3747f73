/** Rows into a table, as statements with bound values: names are escaped, values never become SQL. */
import { isJsonObject, jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import pg from 'pg';
import { first, textSetting } from '../settings.ts';
import { sqlValue, type Bound } from './parameters.ts';

/** Postgres takes at most 65,535 parameters a statement. */
const PARAMETERS_MAX = 30_000;

export function insertStatements(table: string, config: JsonObject, data: Json): Bound[] {
  const written = Array.isArray(data) ? data : [data];
  const rows = written.filter(isJsonObject);
  if (rows.length < written.length)
    throw new NoetlError(
      'TOOL_CONFIG',
      `\`data\` for the table "${table}" must hold rows: mappings of columns`,
    );
  if (rows.length === 0)
    throw new NoetlError('TOOL_CONFIG', `there are no rows for the table "${table}": \`data\` is empty`);
  const mode = textSetting(config, 'mode') ?? 'insert';
  const keys = keysOf(config);
  if (mode === 'update') return rows.map((row) => update(table, row, keys));
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const size = Math.max(1, Math.floor(PARAMETERS_MAX / columns.length));
  const statements: Bound[] = [];
  if (mode === 'replace') statements.push(emptyStatement(table));
  for (let at = 0; at < rows.length; at += size)
    statements.push(insert(table, columns, rows.slice(at, at + size), mode, keys));
  return statements;
}

/** Takes all rows out of the table. */
export function emptyStatement(table: string): Bound {
  return { text: `DELETE FROM ${named(table)}`, values: [] };
}

function insert(table: string, columns: string[], rows: JsonObject[], mode: string, keys: string[]): Bound {
  const values: unknown[] = [];
  const tuples = rows.map((row) => {
    const places = columns.map((column) => {
      values.push(sqlValue(row[column] ?? null));
      return `$${String(values.length)}`;
    });
    return `(${places.join(', ')})`;
  });
  const into = `INSERT INTO ${named(table)} (${columns.map(pg.escapeIdentifier).join(', ')})`;
  return { text: `${into} VALUES ${tuples.join(', ')}${conflict(columns, mode, keys)}`, values };
}

function conflict(columns: string[], mode: string, keys: string[]): string {
  if (mode !== 'upsert') return '';
  if (keys.length === 0)
    throw new NoetlError('TOOL_CONFIG', 'mode upsert needs `key`: the column that identifies a row');
  const changed = columns
    .filter((column) => !keys.includes(column))
    .map((column) => `${pg.escapeIdentifier(column)} = EXCLUDED.${pg.escapeIdentifier(column)}`);
  const action = changed.length === 0 ? 'NOTHING' : `UPDATE SET ${changed.join(', ')}`;
  return ` ON CONFLICT (${keys.map(pg.escapeIdentifier).join(', ')}) DO ${action}`;
}

function update(table: string, row: JsonObject, keys: string[]): Bound {
  const values: unknown[] = [];
  const equation = (column: string): string => {
    values.push(sqlValue(row[column] ?? null));
    return `${pg.escapeIdentifier(column)} = $${String(values.length)}`;
  };
  const changed = Object.keys(row).filter((column) => !keys.includes(column));
  if (keys.length === 0 || changed.length === 0)
    throw new NoetlError('TOOL_CONFIG', 'mode update needs `key`, and a column besides it');
  const set = changed.map(equation).join(', ');
  return { text: `UPDATE ${named(table)} SET ${set} WHERE ${keys.map(equation).join(' AND ')}`, values };
}

function keysOf(config: JsonObject): string[] {
  const written = first(config, 'key', 'keys', 'conflict_columns', 'primary_key');
  if (written === undefined) return [];
  const list = Array.isArray(written) ? written : jsonText(written).split(',');
  return list.map((name) => jsonText(name).trim()).filter((name) => name !== '');
}

/** `schema.table` as two names. */
function named(table: string): string {
  return table.split('.').map(pg.escapeIdentifier).join('.');
}
