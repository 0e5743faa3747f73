/** Values of Postgres as JSON: numbers where they fit, ISO times, base64 bytes, parsed JSON; a bound on their size. */
import pg from 'pg';
import { NoetlError, type Json } from '@noetl/protocol';

type Parser = (text: string) => unknown;

/** More than this of one statement's rows is refused: all of it lies in memory. */
const ROWS_MAX_BYTES = 64 * 1024 * 1024;

const PARSERS: Record<number, (text: string) => Json> = {
  20: wholeNumber,
  1700: decimalNumber,
  17: (text) => Buffer.from(text.slice(2), 'hex').toString('base64'),
  1082: (text) => text,
  1114: (text) => text.replace(' ', 'T'),
  1184: (text) => text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'),
  1186: (text) => text,
};

/** Arrays whose items pg would read otherwise than the items alone: type of the array, type of the item. */
const ARRAYS: Record<number, number> = {
  1016: 20,
  1231: 1700,
  1182: 1082,
  1115: 1114,
  1185: 1184,
  1187: 1186,
};

/** pg's own parsers; its types name only the ids it knows. */
const DEFAULTS = pg.types as unknown as {
  getTypeParser(oid: number, format: 'text' | 'binary'): Parser;
  arrayParser: { create(text: string, item: Parser): { parse(): unknown } };
};

/** Parsers for one statement; they throw RESULT_TOO_LARGE when all it returns is too much to hold. */
export function boundedTypes(): pg.CustomTypesConfig {
  let bytes = 0;
  const counted =
    (parse: Parser): Parser =>
    (text) => {
      bytes += text.length;
      if (bytes > ROWS_MAX_BYTES)
        throw new NoetlError('RESULT_TOO_LARGE', 'the rows of one statement are more than 64 MiB', {
          hint: 'Select less, or page by page; to move many rows, use a loop with a cursor.',
        });
      return parse(text);
    };
  return { getTypeParser: (oid: number) => counted(parserOf(oid)) };
}

function parserOf(oid: number): Parser {
  const item = ARRAYS[oid];
  if (item !== undefined) return (text) => DEFAULTS.arrayParser.create(text, parserOf(item)).parse();
  return PARSERS[oid] ?? DEFAULTS.getTypeParser(oid, 'text');
}

/** Beyond 2^53 a number would lose digits: it stays text. */
function wholeNumber(text: string): Json {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

function decimalNumber(text: string): Json {
  return /^-?\d+$/.test(text) ? wholeNumber(text) : Number(text);
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
