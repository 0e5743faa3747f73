/** Python's methods of text, lists and dictionaries, as far as playbooks use them. None changes its object. */
import { isJsonObject, NoetlError } from '@noetl/protocol';
import type { Environment } from './environment.ts';
import { equal } from './operators.ts';
import { printed, representation } from './print.ts';
import { StepView, type Arguments } from './value.ts';

type Method<T> = (object: T, args: unknown[], environment: Environment) => unknown;

export function callMethod(
  environment: Environment,
  object: unknown,
  name: string,
  { positional, named }: Arguments,
): unknown {
  const opened = environment.open(object instanceof StepView && name !== 'get' ? object.sequence() : object);
  const found = methodOf(opened, name);
  if (found) return found(opened as never, positional, environment);
  if (typeof opened === 'string' && name === 'format') return format(opened, positional, named);
  if (opened === undefined) return undefined;
  throw new NoetlError('TEMPLATE_ERROR', `${representation(opened).slice(0, 80)} has no method "${name}"`);
}

function methodOf(object: unknown, name: string): Method<never> | undefined {
  const table =
    typeof object === 'string'
      ? TEXT
      : Array.isArray(object)
        ? LIST
        : isJsonObject(object)
          ? MAPPING
          : undefined;
  return table && Object.hasOwn(table, name) ? table[name] : undefined;
}

const stripped = (text: string, characters: unknown, where: 'both' | 'left' | 'right'): string => {
  const drop = new Set(typeof characters === 'string' ? characters : ' \t\n\r\f\v');
  let [from, to] = [0, text.length];
  while (where !== 'right' && from < to && drop.has(text[from] as string)) from += 1;
  while (where !== 'left' && to > from && drop.has(text[to - 1] as string)) to -= 1;
  return text.slice(from, to);
};

export function split(text: string, separator: unknown, max: unknown): string[] {
  const limit = typeof max === 'number' && max >= 0 ? max : Infinity;
  if (typeof separator !== 'string') {
    const words = text.trim() === '' ? [] : text.trim().split(/\s+/);
    return words.length <= limit + 1 ? words : [...words.slice(0, limit), words.slice(limit).join(' ')];
  }
  const parts = text.split(separator);
  return parts.length <= limit + 1 ? parts : [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

const TEXT: Record<string, Method<string>> = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  title: (text) => titled(text),
  capitalize: (text) => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase(),
  strip: (text, [characters]) => stripped(text, characters, 'both'),
  lstrip: (text, [characters]) => stripped(text, characters, 'left'),
  rstrip: (text, [characters]) => stripped(text, characters, 'right'),
  split: (text, [separator, max]) => split(text, separator, max),
  splitlines: (text) => text.split(/\r\n|\n|\r/),
  join: (text, [items], environment) => Array.from(environment.iterate(items), printed).join(text),
  replace: (text, [from, to], environment) => environment.text(text.replaceAll(printed(from), printed(to))),
  startswith: (text, [start]) => text.startsWith(printed(start)),
  endswith: (text, [end]) => text.endsWith(printed(end)),
  find: (text, [part]) => text.indexOf(printed(part)),
  count: (text, [part]) => text.split(printed(part)).length - 1,
  zfill: (text, [width]) => text.padStart(Math.min(Number(width), 1000), '0'),
  isdigit: (text) => /^\d+$/.test(text),
  isalpha: (text) => /^\p{L}+$/u.test(text),
  isnumeric: (text) => /^\p{N}+$/u.test(text),
  encode: (text) => text,
  decode: (text) => text,
};

const LIST: Record<string, Method<unknown[]>> = {
  index: (list, [item]) => list.findIndex((candidate) => equal(candidate, item)),
  count: (list, [item]) => list.filter((candidate) => equal(candidate, item)).length,
  copy: (list) => [...list],
  append: () => refuseChange('append', '+ [item]'),
  extend: () => refuseChange('extend', '+ items'),
};

const MAPPING: Record<string, Method<Record<string, unknown>>> = {
  get: (mapping, [key, fallback]) =>
    Object.hasOwn(mapping, printed(key)) ? mapping[printed(key)] : (fallback ?? null),
  items: (mapping) => Object.entries(mapping),
  keys: (mapping) => Object.keys(mapping),
  values: (mapping) => Object.values(mapping),
  copy: (mapping) => ({ ...mapping }),
  update: () => refuseChange('update', 'a new mapping'),
};

/** Names of all methods, for the guide. */
export const METHOD_NAMES = [...new Set([TEXT, LIST, MAPPING].flatMap((table) => Object.keys(table)))];

function refuseChange(method: string, instead: string): never {
  throw new NoetlError(
    'TEMPLATE_ERROR',
    `templates change no values: instead of .${method}() use ${instead}`,
  );
}

export function titled(text: string): string {
  return text
    .toLowerCase()
    .replace(
      /(^|[^\p{L}\p{N}'])(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    );
}

/** `'{} of {total:>5}'.format(…)`: positions, names, and padding, precision and thousands of simple specs. */
function format(text: string, positional: unknown[], named: Record<string, unknown>): string {
  let next = 0;
  return text.replace(
    /\{\{|\}\}|\{([a-zA-Z0-9_]*)(?::([^{}]*))?\}/g,
    (whole: string, name: string | undefined, spec: string | undefined) => {
      if (whole === '{{') return '{';
      if (whole === '}}') return '}';
      let value: unknown;
      if (name === undefined || name === '') {
        value = positional[next];
        next += 1;
      } else {
        value = /^\d+$/.test(name) ? positional[Number(name)] : named[name];
      }
      return formatted(value, spec ?? '');
    },
  );
}

/** Thousands of the whole part, counted from its end in one pass. */
function grouped(text: string): string {
  const [, sign, whole, rest] = /^([+-]?)(\d*)(.*)$/s.exec(text) as unknown as [
    string,
    string,
    string,
    string,
  ];
  const head = whole.slice(0, whole.length % 3);
  const groups = whole.slice(head.length).match(/\d{3}/g) ?? [];
  return sign + (head === '' ? groups : [head, ...groups]).join(',') + rest;
}

function formatted(value: unknown, spec: string): string {
  const match = /^([<>^]?)(0?)(\d*)(,?)(?:\.(\d+))?([dfs%]?)$/.exec(spec);
  if (!match) return printed(value);
  const [, align, zero, width, comma, digits, kind] = match;
  let text = printed(value);
  if (kind === '%') text = `${(Number(value) * 100).toFixed(Math.min(Number(digits ?? 6), 100))}%`;
  else if (digits !== undefined && typeof value === 'number')
    text = value.toFixed(Math.min(Number(digits), 100));
  if (comma === ',') text = grouped(text);
  const size = Math.min(Number(width || 0), 1000);
  if (zero === '0') return text.padStart(size, '0');
  const toRight = align === '>' || (align === '' && typeof value === 'number');
  return toRight ? text.padStart(size) : text.padEnd(size);
}
