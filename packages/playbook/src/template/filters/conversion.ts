/** Filters between types: numbers, text, JSON, defaults. */
import { isJsonObject, NoetlError } from '@noetl/protocol';
import { truthy } from '../operators.ts';
import { jsonText, printed, representation } from '../print.ts';
import { StepView } from '../value.ts';
import { argument, type Filter } from './filter.ts';

const toDefault: Filter = (_, value, args) => {
  const fallback = args.positional.length > 0 ? args.positional[0] : (args.named['default_value'] ?? '');
  const alsoFalsy = truthy(argument(args, 1, 'boolean'));
  const missing = value === undefined || (alsoFalsy && !truthy(value));
  return missing ? fallback : value;
};

const toInteger: Filter = (_, value, args) => {
  const fallback = argument(args, 0, 'default') ?? 0;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) return Number(value);
  const number = typeof value === 'string' && value.trim() === '' ? NaN : Number(value ?? NaN);
  return Number.isFinite(number) ? Math.trunc(number) : fallback;
};

const toFloat: Filter = (_, value, args) => {
  const number = typeof value === 'string' && value.trim() === '' ? NaN : Number(value ?? NaN);
  return Number.isFinite(number) ? number : (argument(args, 0, 'default') ?? 0);
};

const round: Filter = (_, value, args) => {
  const digits = Number(argument(args, 0, 'precision') ?? 0);
  const method = argument(args, 1, 'method') ?? 'common';
  const factor = 10 ** digits;
  const scaled = Number(value) * factor;
  if (method === 'ceil') return Math.ceil(scaled) / factor;
  if (method === 'floor') return Math.floor(scaled) / factor;
  return (Math.sign(scaled) * Math.round(Math.abs(scaled))) / factor;
};

const toJson: Filter = (environment, value, args) => {
  const indent = argument(args, 0, 'indent');
  const opened = environment.openDeep(value instanceof StepView ? value.native() : value);
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

const toText: Filter = (environment, value) => environment.text(printed(environment.openDeep(value)));

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
  pprint: (environment, value) => representation(environment.openDeep(value)),
  items: (environment, value) =>
    mapping(environment.open(value), 'items', (object) => Object.entries(object)),
  keys: (environment, value) => mapping(environment.open(value), 'keys', (object) => Object.keys(object)),
  values: (environment, value) =>
    mapping(environment.open(value), 'values', (object) => Object.values(object)),
  get: (environment, value, args) => {
    const opened = environment.open(value);
    const key = printed(args.positional[0]);
    return isJsonObject(opened) && Object.hasOwn(opened, key) ? opened[key] : args.positional[1];
  },
};

function mapping<T>(value: unknown, name: string, read: (object: Record<string, unknown>) => T): T | [] {
  if (value === undefined) return [];
  if (isJsonObject(value)) return read(value);
  throw new NoetlError('TEMPLATE_ERROR', `${name}: ${representation(value).slice(0, 80)} is not a mapping`);
}
