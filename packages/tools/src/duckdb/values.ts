/** DuckDB values as JSON: whole numbers beyond 2^53 as text, dates as ISO text, blobs in base64. */
import type * as DuckDB from '@duckdb/node-api';
import type { Json } from '@noetl/protocol';

type Value = DuckDB.DuckDBValue;

export interface Column {
  name: string;
  isJson: boolean;
}

export function columnsOf(result: DuckDB.DuckDBResult): Column[] {
  const types = result.columnTypes();
  return result
    .deduplicatedColumnNames()
    .map((name, index) => ({ name, isJson: types[index]?.alias === 'JSON' }));
}

/** Columns of type JSON are parsed. */
export function cell(duckdb: typeof DuckDB, value: Value, { isJson }: Column): Json {
  return isJson && typeof value === 'string' ? (JSON.parse(value) as Json) : jsonOf(duckdb, value);
}

function jsonOf(duckdb: typeof DuckDB, value: Value | undefined): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object') return value;
  const inner = (item: Value | undefined) => jsonOf(duckdb, item);
  if (value instanceof duckdb.DuckDBListValue || value instanceof duckdb.DuckDBArrayValue) {
    return value.items.map(inner);
  }
  if (value instanceof duckdb.DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([key, item]) => [key, inner(item)]));
  }
  if (value instanceof duckdb.DuckDBMapValue) {
    return Object.fromEntries(value.entries.map((entry) => [textOf(inner(entry.key)), inner(entry.value)]));
  }
  if (value instanceof duckdb.DuckDBUnionValue) return inner(value.value);
  if (value instanceof duckdb.DuckDBBlobValue) return Buffer.from(value.bytes).toString('base64');
  if (value instanceof duckdb.DuckDBDecimalValue) return Number(value.toString());
  return timeText(duckdb, value) ?? value.toString();
}

/** `2020-01-02T03:04:05.123`; what has a time zone is given in UTC. */
function timeText(duckdb: typeof DuckDB, value: Value & object): string | undefined {
  if (value instanceof duckdb.DuckDBTimestampTZValue) {
    return `${withT(new duckdb.DuckDBTimestampValue(value.micros).toString())}+00:00`;
  }
  const kinds = [
    duckdb.DuckDBTimestampValue,
    duckdb.DuckDBTimestampSecondsValue,
    duckdb.DuckDBTimestampMillisecondsValue,
    duckdb.DuckDBTimestampNanosecondsValue,
  ];
  return kinds.some((kind) => value instanceof kind) ? withT(value.toString()) : undefined;
}

function withT(text: string): string {
  return text.replace(/^(\S+) (\d\d:)/, '$1T$2');
}

function textOf(key: Json): string {
  return typeof key === 'string' ? key : JSON.stringify(key);
}
