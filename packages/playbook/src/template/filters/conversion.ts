/** Filters between types: numbers, text, JSON, defaults. */
import { isJsonObject, NoetlError } from '@noetl/protocol';
import type { Environment } from '../environment.ts';
import { fixed } from '../format.ts';
import { truthy } from '../operators.ts';
import { jsonText, printed, representation } from '../print.ts';
import { bare, float, ownProperty, StepView } from '../value.ts';
import { argument, type Filter } from './filter.ts';

const toDefault: Filter = (_, value, args) => {
  const fallback =
    args.positional.length > 0 ? args.positional[0] : (ownProperty(args.named, 'default_value') ?? '');
  const alsoFalsy = truthy(argument(args, 1, 'boolean'));
  const missing = value === undefined || (alsoFalsy && !truthy(value));
  return missing ? fallback : value;
};

const DECIMAL = /^[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d+)?$/i;

/** As `float()` reads it; undefined where Python refuses. */
function numberOf(written: unknown): number | undefined {
  const value = bare(written);
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  const text = typeof value === 'string' ? value.trim() : '';
  return DECIMAL.test(text) ? Number(text.replaceAll('_', '')) : undefined;
}

const PREFIXES: Record<number, string> = { 2: '0b', 8: '0o', 16: '0x' };

const toInteger: Filter = (_, value, args) => {
  const fallback = argument(args, 0, 'default') ?? 0;
  const base = Number(argument(args, 1, 'base') ?? 10);
  const inBase =
    typeof value === 'string' && base !== 10 ? integerIn(value.trim().toLowerCase(), base) : undefined;
  const number = inBase ?? numberOf(value);
  return number !== undefined && Number.isFinite(number) ? Math.trunc(number) : fallback;
};

function integerIn(text: string, base: number): number | undefined {
  const [, sign = '', digits = ''] = /^([+-]?)(.*)$/.exec(text) ?? [];
  const prefix = Object.entries(PREFIXES).find(([, mark]) => digits.startsWith(mark));
  const own = base === 0 ? Number(prefix?.[0] ?? 10) : base;
  const bare = prefix && Number(prefix[0]) === own ? digits.slice(2) : digits;
  const isWhole = bare !== '' && Array.from(bare).every((digit) => Number.isInteger(parseInt(digit, own)));
  return isWhole ? Number.parseInt(sign + bare, own) : undefined;
}

const toFloat: Filter = (_, value, args) => {
  const number = numberOf(value);
  return number === undefined
    ? (args.positional[0] ?? ownProperty(args.named, 'default') ?? float(0))
    : float(number);
};

const round: Filter = (_, value, args) => {
  const number = Number(value);
  const decimals = Math.min(Math.max(Number(argument(args, 0, 'precision') ?? 0), -300), 100);
  const method = argument(args, 1, 'method') ?? 'common';
  if (!Number.isFinite(number))
    throw new NoetlError('TEMPLATE_ERROR', `round: ${representation(value)} is no number`);
  const factor = 10 ** decimals;
  if (method === 'ceil') return float(Math.ceil(number * factor) / factor);
  if (method === 'floor') return float(Math.floor(number * factor) / factor);
  const rounded =
    decimals >= 0 ? Number(fixed(number, decimals)) : Number(fixed(number * factor, 0)) / factor;
  return Number.isInteger(value) ? rounded : float(rounded);
};

const toJson: Filter = (environment, value, args) => {
  const indent = argument(args, 0, 'indent');
  const opened = environment.printable(value instanceof StepView ? value.native() : value);
  return environment.text(jsonText(opened, typeof indent === 'number' ? indent : undefined));
};

const fromJson: Filter = (environment, value) => {
  const text = environment.open(value);
  if (typeof text !== 'string') return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new NoetlError('TEMPLATE_ERROR', `fromjson: not JSON: ${text.slice(0, 80)}`);
  }
};

const toText: Filter = (environment, value) => environment.print(value);

const toBoolean: Filter = (_, value) =>
  typeof value === 'string'
    ? !['', 'false', '0', 'no', 'none', 'off'].includes(value.trim().toLowerCase())
    : truthy(value);

export const CONVERSION_FILTERS: Record<string, Filter> = {
  default: toDefault,
  d: toDefault,
  int: toInteger,
  float: toFloat,
  round,
  abs: (_, value) => Math.abs(Number(value)),
  bool: toBoolean,
  string: toText,
  safe: (_, value) => value,
  tojson: toJson,
  to_json: toJson,
  fromjson: fromJson,
  from_json: fromJson,
  pprint: (environment, value) => representation(environment.printable(value)),
  items: (environment, value) => mapping(environment, value, 'items', (object) => Object.entries(object)),
  keys: (environment, value) => mapping(environment, value, 'keys', (object) => Object.keys(object)),
  values: (environment, value) => mapping(environment, value, 'values', (object) => Object.values(object)),
  get: (environment, value, args) => {
    const opened = environment.open(value);
    const key = printed(args.positional[0]);
    return isJsonObject(opened) && Object.hasOwn(opened, key) ? opened[key] : args.positional[1];
  },
};

function mapping<T>(
  environment: Environment,
  given: unknown,
  name: string,
  read: (object: Record<string, unknown>) => T[],
): T[] {
  const value = environment.open(given);
  if (value === undefined) return [];
  if (isJsonObject(value)) {
    const list = read(value);
    environment.spend(list.length);
    return list;
  }
  throw new NoetlError('TEMPLATE_ERROR', `${name}: ${representation(value).slice(0, 80)} is not a mapping`);
}
