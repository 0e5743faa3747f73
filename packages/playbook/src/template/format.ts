/** Python's ways to write values into text: format specs, `%`, and numbers with a fixed number of decimals. */
import { isJsonObject } from '@noetl/protocol';
import type { Environment } from './environment.ts';
import { printed, representation } from './print.ts';
import { bare, ownProperty } from './value.ts';

const DECIMALS_MAX = 100;
const WIDTH_MAX = 1000;

/** As Python rounds: what lies exactly between two goes to the even one. */
export function fixed(value: number, decimals: number): string {
  const digits = Math.min(Math.max(decimals, 0), DECIMALS_MAX);
  const text = Math.abs(value).toFixed(digits);
  const sign = value < 0 ? '-' : '';
  const exact = Math.abs(value).toFixed(Math.min(digits + 25, DECIMALS_MAX));
  const isTie = /^50*$/.test(exact.slice(exact.indexOf('.') + 1 + digits));
  if (!isTie || !/[13579]$/.test(text)) return sign + text;
  const lower = String(BigInt(text.replace('.', '')) - 1n).padStart(digits + 1, '0');
  const whole = lower.slice(0, lower.length - digits);
  return sign + (digits === 0 ? whole : `${whole}.${lower.slice(lower.length - digits)}`);
}

interface Spec {
  fill: string;
  align: string;
  sign: string;
  alternate: boolean;
  width: number;
  grouping: string;
  precision: number | undefined;
  type: string;
}

const SPEC = /^(?:(.)?([<>=^]))?([+\- ]?)(#?)(0?)(\d*)([,_]?)(?:\.(\d+))?([bcdeEfFgGnosxX%]?)$/su;

/** `format(value, spec)`: text that is no format spec changes nothing. */
export function formatted(given: unknown, spec: string): string {
  const match = SPEC.exec(spec);
  if (!match || spec === '') return printed(given);
  const value = bare(given);
  const [, fill, align, sign, alternate, zero, width, grouping, precision, type] = match;
  const isNumber = typeof value === 'number' || typeof value === 'boolean';
  return written(value, {
    fill: fill ?? (zero === '0' && align === undefined ? '0' : ' '),
    align: align ?? (zero === '0' ? '=' : isNumber ? '>' : '<'),
    sign: sign ?? '',
    alternate: alternate === '#',
    width: Math.min(Number(width ?? 0), WIDTH_MAX),
    grouping: grouping ?? '',
    precision: precision === undefined ? undefined : Math.min(Number(precision), DECIMALS_MAX),
    type: type ?? '',
  });
}

function written(value: unknown, spec: Spec): string {
  const isText = typeof value !== 'number' && (typeof value !== 'boolean' || spec.type === '');
  if (isText || spec.type === 's' || spec.type === 'c') {
    const text = spec.type === 'c' ? String.fromCodePoint(Number(value)) : printed(value);
    const cut = spec.precision === undefined ? text : Array.from(text).slice(0, spec.precision).join('');
    return padded(cut, spec);
  }
  const number = Number(value);
  const sign = number < 0 ? '-' : spec.sign === '-' ? '' : spec.sign;
  return padded(sign + grouped(digits(Math.abs(number), spec), spec.grouping), spec);
}

const BASES: Record<string, [number, string]> = { b: [2, '0b'], o: [8, '0o'], x: [16, '0x'], X: [16, '0X'] };

function digits(value: number, { type, precision, alternate }: Spec): string {
  const base = BASES[type];
  if (base) {
    const text = Math.trunc(value).toString(base[0]);
    return (alternate ? base[1] : '') + (type === 'X' ? text.toUpperCase() : text);
  }
  switch (type) {
    case 'd':
    case 'n':
      return String(BigInt(Math.trunc(value)));
    case 'f':
    case 'F':
      return fixed(value, precision ?? 6);
    case '%':
      return `${fixed(value * 100, precision ?? 6)}%`;
    case 'e':
      return exponential(value, precision ?? 6);
    case 'E':
      return exponential(value, precision ?? 6).toUpperCase();
    case 'g':
    case 'G':
      return general(value, precision ?? 6);
    default:
      return precision === undefined ? printed(value) : general(value, precision);
  }
}

/** Python writes exponents with at least two digits. */
function exponential(value: number, decimals: number): string {
  return value.toExponential(decimals).replace(/e([+-])(\d)$/, 'e$10$2');
}

function general(value: number, precision: number): string {
  const significant = Math.max(1, precision);
  const exponent = Number(value.toExponential(significant - 1).split('e')[1]);
  const shorten = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (exponent >= -4 && exponent < significant) return shorten(fixed(value, significant - 1 - exponent));
  const [mantissa, power] = exponential(value, significant - 1).split('e') as [string, string];
  return `${shorten(mantissa)}e${power}`;
}

/** Thousands of the whole part, counted from its end in one pass. */
function grouped(text: string, separator: string): string {
  if (separator === '') return text;
  const whole = /^\d*/.exec(text)?.[0] ?? '';
  const head = whole.slice(0, whole.length % 3);
  const groups = whole.slice(head.length).match(/\d{3}/g) ?? [];
  return (head === '' ? groups : [head, ...groups]).join(separator) + text.slice(whole.length);
}

function padded(text: string, { fill, align, width }: Pick<Spec, 'fill' | 'align' | 'width'>): string {
  const missing = Math.max(0, width - Array.from(text).length);
  if (align === '<') return text + fill.repeat(missing);
  if (align === '^') {
    const left = Math.floor(missing / 2);
    return fill.repeat(left) + text + fill.repeat(missing - left);
  }
  const sign = align === '=' ? (/^[+\- ]/.exec(text)?.[0] ?? '') : '';
  return sign + fill.repeat(missing) + text.slice(sign.length);
}

const PERCENT = /%(?:\((\w+)\))?([-+ #0]*)(\d*)(?:\.(\d+))?([sradiuoxXeEfFgGc%])/g;

/** Python's `%` on text: values by position, or a mapping by `%(name)s`. A list is one value when only one is asked for. */
export function percent(environment: Environment, format: string, value: unknown): string {
  const asked = Array.from(format.matchAll(PERCENT)).filter(([, , , , , kind]) => kind !== '%').length;
  const isSpread = Array.isArray(value) && (asked !== 1 || value.length === 1);
  const values = isSpread ? (value as unknown[]) : [value];
  return filledIn(environment, format, values, isJsonObject(value) ? value : {});
}

export function filledIn(
  environment: Environment,
  format: string,
  values: unknown[],
  named: Record<string, unknown>,
): string {
  let next = 0;
  return filled(environment, format, PERCENT, ([, name, flags = '', width = '', precision, kind = '']) => {
    if (kind === '%') return '%';
    const value = environment.printable(name === undefined ? values[next++] : ownProperty(named, name));
    const left = flags.includes('-');
    const zero = flags.includes('0') && !left;
    const isText = 'sra'.includes(kind);
    return written(isText ? (kind === 's' ? printed(value) : representation(value)) : toNumber(value, kind), {
      fill: zero && !isText ? '0' : ' ',
      align: left ? '<' : zero && !isText ? '=' : '>',
      sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '',
      alternate: flags.includes('#'),
      width: Math.min(Number(width), WIDTH_MAX),
      grouping: '',
      precision: precision === undefined ? undefined : Number(precision),
      type: isText ? 's' : kind === 'i' || kind === 'u' ? 'd' : kind,
    });
  });
}

function toNumber(value: unknown, kind: string): unknown {
  return kind === 'c' && typeof value === 'string' ? value.codePointAt(0) : Number(value);
}

const FIELD = /\{\{|\}\}|\{(\w*)((?:\.\w+|\[[^\]{}]*\])*)(?:!([rsa]))?(?::([^{}]*))?\}/g;

/** `'{} of {total:>5}'.format(…)`: positions, names, what lies inside them, and format specs. */
export function formatText(
  environment: Environment,
  text: string,
  positional: unknown[],
  named: Record<string, unknown>,
  member: (value: unknown, key: string | number) => unknown,
): string {
  let next = 0;
  return filled(environment, text, FIELD, ([whole, name, path, as, spec]) => {
    if (whole === '{{') return '{';
    if (whole === '}}') return '}';
    let value: unknown;
    if (name === undefined || name === '') value = positional[next++];
    else value = /^\d+$/.test(name) ? positional[Number(name)] : ownProperty(named, name);
    for (const [key] of (path ?? '').matchAll(/\w+/g))
      value = member(value, /^\d+$/.test(key) ? Number(key) : key);
    const shown = environment.printable(value);
    return formatted(as === 'r' || as === 'a' ? representation(shown) : shown, spec ?? '');
  });
}

/** A text with its fields filled in, refused as soon as it is too long: a field may stand in it many times. */
function filled(
  environment: Environment,
  format: string,
  fields: RegExp,
  write: (field: RegExpMatchArray) => string,
): string {
  let [text, from] = ['', 0];
  for (const field of format.matchAll(fields)) {
    text = environment.appended(text, format.slice(from, field.index) + write(field));
    from = field.index + field[0].length;
  }
  return environment.appended(text, format.slice(from));
}
