/** Python's methods of text. Positions and lengths count characters, not halves of them. */
import { NoetlError } from '@noetl/protocol';
import type { Environment } from './environment.ts';
import { printed } from './print.ts';

export type Method<T> = (object: T, args: unknown[], environment: Environment) => unknown;

const WIDTH_MAX = 10_000;
const SPACE = ' \t\n\r\f\v';

export function stripped(text: string, characters: unknown, where: 'both' | 'left' | 'right'): string {
  const drop = new Set(typeof characters === 'string' ? characters : SPACE);
  let [from, to] = [0, text.length];
  while (where !== 'right' && from < to && drop.has(text[from] as string)) from += 1;
  while (where !== 'left' && to > from && drop.has(text[to - 1] as string)) to -= 1;
  return text.slice(from, to);
}

/** Without a separator by white space; what is beyond `max` parts stays as it is. */
export function split(environment: Environment, text: string, separator: unknown, max: unknown): string[] {
  const limit = typeof max === 'number' && max >= 0 ? max : Infinity;
  if (typeof separator === 'string') {
    if (separator === '') throw new NoetlError('TEMPLATE_ERROR', 'split: the separator is empty');
    environment.search(text, separator);
    const parts = text.split(separator);
    environment.spend(parts.length);
    return parts.length <= limit + 1 ? parts : [...parts.slice(0, limit), parts.slice(limit).join(separator)];
  }
  const parts: string[] = [];
  let rest = stripped(text, undefined, 'left');
  while (rest !== '' && parts.length < limit) {
    environment.spend();
    const end = rest.search(/\s/);
    parts.push(end < 0 ? rest : rest.slice(0, end));
    rest = end < 0 ? '' : rest.slice(end).trimStart();
  }
  return rest === '' ? parts : [...parts, rest];
}

function rsplit(environment: Environment, text: string, separator: unknown, max: unknown): string[] {
  const mirrored = (part: string): string => Array.from(part).reverse().join('');
  const by = typeof separator === 'string' ? mirrored(separator) : separator;
  return split(environment, mirrored(text), by, max).map(mirrored).reverse();
}

function partition(text: string, separator: string, at: number): string[] {
  return [text.slice(0, at), separator, text.slice(at + separator.length)];
}

function titled(text: string): string {
  return text.replace(/\p{L}+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase());
}

export function capitalized(text: string): string {
  const [first = '', ...rest] = Array.from(text);
  return first.toUpperCase() + rest.join('').toLowerCase();
}

/** `startswith` and `endswith`: any of several, within the slice. */
const edge =
  (holds: (text: string, part: string) => boolean): Method<string> =>
  (text, [parts, from, to]) => {
    const within =
      from === undefined ? text : text.slice(Number(from), to === undefined ? undefined : Number(to));
    return (Array.isArray(parts) ? (parts as unknown[]) : [parts]).some((part) =>
      holds(within, printed(part)),
    );
  };

/** Position in characters, -1 without. */
const position =
  (last: boolean): Method<string> =>
  (text, [part], environment) => {
    environment.search(text, printed(part));
    const at = last ? text.lastIndexOf(printed(part)) : text.indexOf(printed(part));
    return at < 0 ? -1 : Array.from(text.slice(0, at)).length;
  };

const index =
  (last: boolean): Method<string> =>
  (text, args, environment) => {
    const at = position(last)(text, args, environment);
    if (at === -1) throw new NoetlError('TEMPLATE_ERROR', `index: "${printed(args[0])}" is not in the text`);
    return at;
  };

const justified =
  (left: (missing: number) => number): Method<string> =>
  (text, [width, fill]) => {
    const missing = Math.max(0, Math.min(Number(width), WIDTH_MAX) - Array.from(text).length);
    const before = left(missing);
    const character =
      typeof fill === 'string' && fill !== '' ? String.fromCodePoint(fill.codePointAt(0) ?? 0x20) : ' ';
    return character.repeat(before) + text + character.repeat(missing - before);
  };

const consists =
  (pattern: RegExp): Method<string> =>
  (text) =>
    pattern.test(text);

/** Text with letters, all of one case. */
export const TEXT_CASE = {
  lower: (text: string): boolean => text === text.toLowerCase() && text !== text.toUpperCase(),
  upper: (text: string): boolean => text === text.toUpperCase() && text !== text.toLowerCase(),
};

export const TEXT_METHODS: Record<string, Method<string>> = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  title: titled,
  capitalize: capitalized,
  casefold: (text) => text.toLowerCase(),
  swapcase: (text) =>
    Array.from(text, (item) => (TEXT_CASE.lower(item) ? item.toUpperCase() : item.toLowerCase())).join(''),
  strip: (text, [characters]) => stripped(text, characters, 'both'),
  lstrip: (text, [characters]) => stripped(text, characters, 'left'),
  rstrip: (text, [characters]) => stripped(text, characters, 'right'),
  removeprefix: (text, [part]) => (text.startsWith(printed(part)) ? text.slice(printed(part).length) : text),
  removesuffix: (text, [part]) =>
    part !== '' && text.endsWith(printed(part)) ? text.slice(0, -printed(part).length) : text,
  split: (text, [separator, max], environment) => split(environment, text, separator, max),
  rsplit: (text, [separator, max], environment) => rsplit(environment, text, separator, max),
  splitlines: (text, [keepEnds]) =>
    text
      .match(/[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$/g)
      ?.map((line) => (keepEnds === true ? line : line.replace(/[\r\n]+$/, ''))) ?? [],
  partition: (text, [part], environment) => {
    environment.search(text, printed(part));
    const at = text.indexOf(printed(part));
    return at < 0 ? [text, '', ''] : partition(text, printed(part), at);
  },
  rpartition: (text, [part], environment) => {
    environment.search(text, printed(part));
    const at = text.lastIndexOf(printed(part));
    return at < 0 ? ['', '', text] : partition(text, printed(part), at);
  },
  join: (text, [items], environment) => joined(environment, Array.from(environment.iterate(items)), text),
  replace: (text, [from, to, count], environment) =>
    replaced(environment, text, printed(from), printed(to), count),
  startswith: edge((text, part) => text.startsWith(part)),
  endswith: edge((text, part) => text.endsWith(part)),
  find: position(false),
  rfind: position(true),
  index: index(false),
  rindex: index(true),
  count: (text, [part], environment) => {
    environment.search(text, printed(part));
    return text.split(printed(part)).length - 1;
  },
  center: justified((missing) => Math.floor(missing / 2)),
  ljust: justified(() => 0),
  rjust: justified((missing) => missing),
  zfill: (text, [width]) => {
    const sign = /^[+-]/.exec(text)?.[0] ?? '';
    const length = Math.min(Number(width), WIDTH_MAX) - sign.length;
    return sign + text.slice(sign.length).padStart(length, '0');
  },
  expandtabs: (text, [size]) => {
    const width = Math.min(Number(size ?? 8), 100);
    // Line by line and piece by piece: one pattern over all would look at a text without tabs again from every place.
    const expanded = (line: string): string => {
      const parts = line.split('\t');
      const last = parts.pop() ?? '';
      return parts.map((part) => part.padEnd(part.length + width - (part.length % width))).join('') + last;
    };
    return text.split('\n').map(expanded).join('\n');
  },
  isdigit: consists(/^\d+$/),
  isdecimal: consists(/^\p{Nd}+$/u),
  isnumeric: consists(/^\p{N}+$/u),
  isalpha: consists(/^\p{L}+$/u),
  isalnum: consists(/^[\p{L}\p{N}]+$/u),
  isspace: consists(/^\s+$/),
  isidentifier: consists(/^[\p{L}_][\p{L}\p{N}_]*$/u),
  islower: TEXT_CASE.lower,
  isupper: TEXT_CASE.upper,
  istitle: (text) => text !== '' && /\p{L}/u.test(text) && titled(text) === text,
  encode: (text) => text,
  decode: (text) => text,
};

/** As `str.replace`: all, or the first `count`. */
export function replaced(
  environment: Environment,
  text: string,
  from: string,
  to: string,
  count: unknown,
): string {
  environment.search(text, from);
  if (typeof count !== 'number' || count < 0) {
    const found = to.length > from.length ? text.split(from).length : 0;
    environment.willMake(text.length + found * (to.length - from.length));
    return text.replaceAll(from, () => to);
  }
  let [result, rest] = ['', text];
  for (let done = 0; done < count; done += 1) {
    environment.spend();
    const at = rest.indexOf(from);
    if (at < 0) break;
    result = environment.appended(result, rest.slice(0, at) + to);
    rest = rest.slice(at + from.length);
    if (from === '') {
      if (rest === '') break;
      result += rest.charAt(0);
      rest = rest.slice(1);
    }
  }
  return result + rest;
}

/** Items with `separator` between them; what is too long is refused before it is made. */
export function joined(environment: Environment, items: unknown[], separator: string): string {
  const texts = items.map((item) => environment.print(item));
  const length = texts.reduce((sum, text) => sum + text.length, separator.length * texts.length);
  environment.willMake(length - separator.length);
  return environment.text(texts.join(separator));
}
