/** Filters of text. */
import { isJsonObject, NoetlError } from '@noetl/protocol';
import type { Environment } from '../environment.ts';
import { filledIn, formatted } from '../format.ts';
import { printed } from '../print.ts';
import { capitalized, joined, replaced, split, stripped } from '../text-methods.ts';
import { argument, type Filter } from './filter.ts';

const text = (environment: Environment, value: unknown): string => environment.print(value);

const simple =
  (change: (value: string) => unknown): Filter =>
  (environment, value) =>
    change(text(environment, value));

const replace: Filter = (environment, value, args) => {
  const source = text(environment, value);
  const [from, to] = [printed(argument(args, 0, 'old')), printed(argument(args, 1, 'new'))];
  return replaced(environment, source, from, to, argument(args, 2, 'count'));
};

const trim: Filter = (environment, value, args) => {
  const characters = argument(args, 0, 'chars');
  const source = text(environment, value);
  return typeof characters === 'string' ? stripped(source, characters, 'both') : source.trim();
};

const truncate: Filter = (environment, value, args) => {
  const length = Number(argument(args, 0, 'length') ?? 255);
  const ending = printed(argument(args, 2, 'end') ?? '...');
  const leeway = Number(argument(args, 3, 'leeway') ?? 5);
  const source = text(environment, value);
  const characters = Array.from(source);
  if (characters.length <= length + leeway) return source;
  const cut = characters.slice(0, Math.max(0, length - ending.length)).join('');
  const whole = argument(args, 1, 'killwords') === true ? cut : cut.replace(/ [^ ]*$/, '');
  return whole + ending;
};

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};
const escape = simple((value) => value.replace(/[&<>"']/g, (character) => escapes[character] as string));

/** Dates as ISO text or Unix seconds, in UTC. */
const strftime: Filter = (environment, value, args) => {
  const date = typeof value === 'number' ? new Date(value * 1000) : new Date(text(environment, value));
  if (Number.isNaN(date.getTime()))
    throw new NoetlError('TEMPLATE_ERROR', `strftime: not a date: ${text(environment, value)}`);
  const iso = date.toISOString();
  const parts: Record<string, string> = {
    Y: iso.slice(0, 4),
    m: iso.slice(5, 7),
    d: iso.slice(8, 10),
    H: iso.slice(11, 13),
    M: iso.slice(14, 16),
    S: iso.slice(17, 19),
    f: `${iso.slice(20, 23)}000`,
    y: iso.slice(2, 4),
    j: String(Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 0)) / 86_400_000)).padStart(
      3,
      '0',
    ),
    s: String(Math.floor(date.getTime() / 1000)),
    F: iso.slice(0, 10),
    T: iso.slice(11, 19),
    z: '+0000',
    Z: 'UTC',
    '%': '%',
  };
  return printed(argument(args, 0, 'format')).replace(
    /%([a-zA-Z%])/g,
    (whole, key: string) => parts[key] ?? whole,
  );
};

const indent: Filter = (environment, value, args) => {
  const width = argument(args, 0, 'width') ?? 4;
  const margin =
    typeof width === 'string' ? width : ' '.repeat(Math.max(0, Math.min(Number(width), WIDTH_MAX)));
  const first = argument(args, 1, 'first') === true;
  const blank = argument(args, 2, 'blank') === true;
  const lines = text(environment, value).split('\n');
  const stays = (line: string, index: number): boolean => (index === 0 ? !first : line === '' && !blank);
  environment.willMake(lines.length * margin.length);
  return lines.map((line, index) => (stays(line, index) ? line : margin + line)).join('\n');
};

const WIDTH_MAX = 1000;

/** Lines of at most `width` characters, broken at spaces and, unless told otherwise, inside long words. */
const wordwrap: Filter = (environment, value, args) => {
  const width = Math.max(1, Number(argument(args, 0, 'width') ?? 79));
  const breaks = argument(args, 1, 'break_long_words') !== false;
  const by = printed(argument(args, 2, 'wrapstring') ?? '\n');
  const wrapped = (line: string): string[] => {
    const lines: string[] = [];
    for (let word of line.split(/ +/)) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= width) {
        lines[lines.length - 1] = `${last} ${word}`;
        continue;
      }
      for (; breaks && word.length > width; word = word.slice(width)) lines.push(word.slice(0, width));
      lines.push(word);
    }
    return lines;
  };
  return joined(environment, text(environment, value).split('\n').flatMap(wrapped), by);
};

/** Percent-encoding of a text (slashes stay), or a query string of a mapping or pairs. */
const urlencode: Filter = (environment, value) => {
  const opened = environment.printable(value);
  const pairs = Array.isArray(opened)
    ? (opened as unknown[])
    : isJsonObject(opened)
      ? Object.entries(opened)
      : undefined;
  if (!pairs) return encoded(printed(opened)).replaceAll('%2F', '/');
  const part = (item: unknown): string => encoded(printed(item)).replaceAll('%20', '+');
  return pairs.map((pair) => (Array.isArray(pair) ? pair.map(part).join('=') : part(pair))).join('&');
};

function encoded(source: string): string {
  return encodeURIComponent(source).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const filesizeformat: Filter = (_, value, args) => {
  const binary = argument(args, 0, 'binary') === true;
  const base = binary ? 1024 : 1000;
  const size = Number(value);
  if (size === 1) return '1 Byte';
  if (size < base) return `${String(Math.trunc(size))} Bytes`;
  const power = Math.min(Math.floor(Math.log(size) / Math.log(base)), 8);
  const unit = (binary ? 'KMGTPEZY' : 'kMGTPEZY').charAt(power - 1);
  return `${formatted(size / base ** power, '.1f')} ${unit}${binary ? 'iB' : 'B'}`;
};

/** Words begin after spaces, hyphens and opening brackets; an apostrophe begins none. */
const title = simple((value) =>
  value
    .split(/([-\s({[<]+)/)
    .map(capitalized)
    .join(''),
);

export const TEXT_FILTERS: Record<string, Filter> = {
  lower: simple((value) => value.toLowerCase()),
  upper: simple((value) => value.toUpperCase()),
  title,
  capitalize: simple(capitalized),
  trim,
  strip: trim,
  replace,
  split: (environment, value, args) =>
    split(environment, text(environment, value), argument(args, 0, 'sep'), argument(args, 1, 'maxsplit')),
  truncate,
  escape,
  e: escape,
  urlencode,
  wordwrap,
  filesizeformat,
  striptags: simple((value) => withoutTags(value).split(/\s+/).join(' ').trim()),
  b64encode: simple((value) => base64(new TextEncoder().encode(value))),
  b64decode: simple((value) =>
    new TextDecoder().decode(Uint8Array.from(atob(value), (character) => character.charCodeAt(0))),
  ),
  wordcount: simple((value) => (value.match(/[\p{L}\p{N}_]+/gu) ?? []).length),
  center: (environment, value, args) => {
    const width = Math.max(0, Math.min(Number(argument(args, 0, 'width') ?? 80), WIDTH_MAX));
    return formatted(text(environment, value), `^${String(width)}`);
  },
  format: (environment, value, { positional, named }) =>
    filledIn(environment, text(environment, value), positional, named),
  indent,
  strftime,
  // In SQL, the last filter of an expression says what its value is; see the postgres tool.
  sqlsafe: (environment, value) => text(environment, value),
  identifier: simple((value) => `"${value.replaceAll('"', '""')}"`),
};

/** Without `<…>` and comments, in one pass. */
function withoutTags(source: string): string {
  let [result, from] = ['', 0];
  for (;;) {
    const start = source.indexOf('<', from);
    const close = source.startsWith('<!--', start) ? '-->' : '>';
    const end = start < 0 ? -1 : source.indexOf(close, start);
    if (end < 0) return result + source.slice(from);
    result += source.slice(from, start);
    from = end + close.length;
  }
}

/** As many arguments as a call takes safely. */
const BYTES_AT_ONCE = 8_192;

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (let from = 0; from < bytes.length; from += BYTES_AT_ONCE)
    binary += String.fromCharCode(...bytes.subarray(from, from + BYTES_AT_ONCE));
  return btoa(binary);
}
