/** Values of Postgres as JSON: numbers where they fit, ISO times, base64 bytes, parsed JSON. */
import pg from 'pg';
import type { Json } from '@noetl/protocol';

const PARSERS: Record<number, (text: string) => Json> = {
  20: wholeNumber,
  1700: Number,
  17: (text) => Buffer.from(text.slice(2), 'hex').toString('base64'),
  1082: (text) => text,
  1114: (text) => text.replace(' ', 'T'),
  1184: (text) => text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'),
  1186: (text) => text,
};

/** pg's own parsers; its types name only the ids it knows. */
const DEFAULTS = pg.types as unknown as {
  getTypeParser(oid: number, format: 'text' | 'binary'): (value: string) => unknown;
};

export function typeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return PARSERS[oid] ?? DEFAULTS.getTypeParser(oid, format ?? 'text');
}

/** Beyond 2^53 a number would lose digits: it stays text. */
function wholeNumber(text: string): Json {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

/** What the parsers of arrays and ranges leave behind as something else than JSON. */
export function jsonValue(value: unknown): Json {
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (typeof value === 'bigint') return wholeNumber(value.toString());
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(jsonValue);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonValue(item)]));
  }
  return (value ?? null) as Json;
}
