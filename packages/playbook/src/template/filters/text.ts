/** Filters of text. */
import { NoetlError } from '@noetl/protocol';
import type { Environment } from '../environment.ts';
import { split, titled } from '../methods.ts';
import { percent } from '../operators.ts';
import { printed } from '../print.ts';
import { argument, type Filter } from './filter.ts';

const text = (environment: Environment, value: unknown): string => printed(environment.openDeep(value));

const simple =
  (change: (value: string) => unknown): Filter =>
  (environment, value) =>
    change(text(environment, value));

const replace: Filter = (environment, value, args) => {
  const source = text(environment, value);
  const [from, to] = [printed(argument(args, 0, 'old')), printed(argument(args, 1, 'new'))];
  const count = argument(args, 2, 'count');
  if (typeof count !== 'number') return environment.text(source.replaceAll(from, to));
  return environment.text(split(source, from, count).join(to));
};

const trim: Filter = (environment, value, args) => {
  const characters = argument(args, 0, 'chars');
  const source = text(environment, value);
  if (typeof characters !== 'string') return source.trim();
  let [from, end] = [0, source.length];
  while (from < end && characters.includes(source.charAt(from))) from += 1;
  while (end > from && characters.includes(source.charAt(end - 1))) end -= 1;
  return source.slice(from, end);
};

const truncate: Filter = (environment, value, args) => {
  const length = Number(argument(args, 0, 'length') ?? 255);
  const ending = printed(argument(args, 2, 'end') ?? '...');
  const source = text(environment, value);
  if (source.length <= length) return source;
  const cut = source.slice(0, Math.max(0, length - ending.length));
  const whole = argument(args, 1, 'killwords') === true ? cut : cut.replace(/\s\S*$/, '');
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
  const width = Math.max(0, Math.min(Number(argument(args, 0, 'width') ?? 4), 1000));
  const lines = text(environment, value).split('\n');
  return environment.text(
    lines.map((line, index) => (index === 0 || line === '' ? line : ' '.repeat(width) + line)).join('\n'),
  );
};

export const TEXT_FILTERS: Record<string, Filter> = {
  lower: simple((value) => value.toLowerCase()),
  upper: simple((value) => value.toUpperCase()),
  title: simple(titled),
  capitalize: simple((value) => value.charAt(0).toUpperCase() + value.slice(1).toLowerCase()),
  trim,
  strip: trim,
  replace,
  split: (environment, value, args) =>
    split(text(environment, value), argument(args, 0, 'sep'), argument(args, 1, 'maxsplit')),
  truncate,
  escape,
  e: escape,
  urlencode: simple(encodeURIComponent),
  b64encode: simple((value) => base64(new TextEncoder().encode(value))),
  b64decode: simple((value) =>
    new TextDecoder().decode(Uint8Array.from(atob(value), (character) => character.charCodeAt(0))),
  ),
  wordcount: simple((value) => split(value, undefined, undefined).length),
  center: (environment, value, args) => {
    const source = text(environment, value);
    const width = Math.min(Number(argument(args, 0, 'width') ?? 80), 10_000);
    const left = Math.floor((width - source.length) / 2);
    return source.padStart(source.length + Math.max(0, left)).padEnd(width);
  },
  format: (environment, value, args) => percent(text(environment, value), args.positional),
  indent,
  strftime,
};

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
