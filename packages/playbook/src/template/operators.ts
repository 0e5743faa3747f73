/** Operators with Python's meaning. */
import { isJsonObject, NoetlError } from '@noetl/protocol';
import type { Environment } from './environment.ts';
import { percent } from './format.ts';
import { representation } from './print.ts';
import { bare, Float, float, holeOf, Range, StepView } from './value.ts';

/** Python truthiness; a hole counts by its items and needs no load. */
export function truthy(value: unknown): boolean {
  if (value instanceof StepView) return truthy(value.native());
  const ref = holeOf(value);
  if (ref) return ref.kind === 'value' || ref.count > 0;
  if (value instanceof Range) return value.count > 0;
  if (value instanceof Float) return value.valueOf() !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (isJsonObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** Number of items; a hole tells it without a load. */
export function lengthOf(environment: Environment, value: unknown): number {
  const plain = value instanceof StepView ? value.sequence() : value;
  const ref = holeOf(plain);
  if (ref && ref.kind !== 'value') return ref.count;
  const opened = environment.open(plain);
  if (opened instanceof Range) return opened.count;
  if (typeof opened === 'string') return Array.from(opened).length;
  if (Array.isArray(opened)) return opened.length;
  if (isJsonObject(opened)) return Object.keys(opened).length;
  if (opened === undefined) return 0;
  throw new NoetlError('TEMPLATE_ERROR', `${representation(opened)} has no length`);
}

export function binary(environment: Environment, operator: string, left: unknown, right: unknown): unknown {
  const [x, y] = [environment.openDeep(left), environment.openDeep(right)];
  if (operator === '~') return environment.appended(environment.print(x), environment.print(y));
  if (operator === '%' && typeof x === 'string') return percent(environment, x, y);
  const result = operate(environment, operator, bare(x), bare(y));
  return (operator === '/' || isFloat(x) || isFloat(y)) && typeof result === 'number'
    ? float(result)
    : result;
}

function isFloat(value: unknown): boolean {
  return value instanceof Float || (typeof value === 'number' && !Number.isInteger(value));
}

function operate(environment: Environment, operator: string, a: unknown, b: unknown): unknown {
  switch (operator) {
    case '==':
      return equal(environment, a, b);
    case '!=':
      return !equal(environment, a, b);
    case '<':
      return compare(environment, a, b) < 0;
    case '<=':
      return compare(environment, a, b) <= 0;
    case '>':
      return compare(environment, a, b) > 0;
    case '>=':
      return compare(environment, a, b) >= 0;
    case 'in':
      return contains(environment, a, b);
    case 'not in':
      return !contains(environment, a, b);
    case '+':
      return add(environment, a, b);
    case '*':
      return multiply(environment, a, b);
    default:
      return arithmetic(operator, a, b);
  }
}

/** Every pair of items that is compared is work: the same list may stand in another many times. */
export function equal(environment: Environment, left: unknown, right: unknown): boolean {
  const [a, b] = [bare(left), bare(right)];
  if (typeof a === 'string' && typeof b === 'string') environment.spend(Math.min(a.length, b.length) >> 10);
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) return false;
    environment.spend(a.length);
    return a.every((item, index) => equal(environment, item, b[index]));
  }
  if (isJsonObject(a) && isJsonObject(b)) {
    const keys = Object.keys(a);
    environment.spend(keys.length);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && equal(environment, a[key], b[key]))
    );
  }
  if (typeof a === 'boolean' && typeof b === 'number') return Number(a) === b;
  if (typeof a === 'number' && typeof b === 'boolean') return a === Number(b);
  return a === b;
}

/** Negative, zero or positive; what cannot be ordered is an error, as in Python. Undefined never orders. */
export function compare(environment: Environment, left: unknown, right: unknown): number {
  const [a, b] = [bare(left), bare(right)];
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
  if (typeof a === 'string' && typeof b === 'string') {
    environment.spend(Math.min(a.length, b.length) >> 10);
    return a < b ? -1 : Number(a > b);
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    environment.spend(Math.min(a.length, b.length));
    for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
      const order = equal(environment, a[index], b[index]) ? 0 : compare(environment, a[index], b[index]);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  if (a === undefined || b === undefined) return Number.NaN;
  throw new NoetlError('TEMPLATE_ERROR', `${representation(a)} and ${representation(b)} cannot be ordered`);
}

function isNumber(value: unknown): value is number | boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}

function contains(environment: Environment, item: unknown, container: unknown): boolean {
  if (typeof container === 'string') {
    if (typeof item !== 'string') return false;
    environment.search(container, item);
    return container.includes(item);
  }
  if (Array.isArray(container)) return container.some((candidate) => equal(environment, candidate, item));
  if (isJsonObject(container)) return typeof item === 'string' && Object.hasOwn(container, item);
  if (container === undefined || container === null) return false;
  throw new NoetlError('TEMPLATE_ERROR', `${representation(container)} is not a container`);
}

function add(environment: Environment, a: unknown, b: unknown): unknown {
  if (typeof a === 'string' && typeof b === 'string') return environment.text(a + b);
  if (Array.isArray(a) && Array.isArray(b)) {
    environment.spend(a.length + b.length);
    return [...(a as unknown[]), ...(b as unknown[])];
  }
  return arithmetic('+', a, b);
}

function multiply(environment: Environment, a: unknown, b: unknown): unknown {
  const [repeated, times] = isNumber(a) ? [b, Number(a)] : [a, Number(b)];
  if (typeof repeated === 'string' && isNumber(isNumber(a) ? a : b)) {
    if (repeated !== '') environment.willMake(repeated.length * times);
    return repeated === '' ? '' : environment.text(repeated.repeat(Math.max(0, Math.trunc(times))));
  }
  if (Array.isArray(repeated) && isNumber(isNumber(a) ? a : b)) {
    if (repeated.length === 0) return [];
    environment.spend(repeated.length * Math.max(0, times));
    return Array.from({ length: Math.max(0, Math.trunc(times)) }).flatMap(() => repeated as unknown[]);
  }
  return arithmetic('*', a, b);
}

function arithmetic(operator: string, a: unknown, b: unknown): number {
  if (!isNumber(a) || !isNumber(b)) {
    throw new NoetlError(
      'TEMPLATE_ERROR',
      `${representation(a)} ${operator} ${representation(b)} is not possible`,
    );
  }
  const [x, y] = [Number(a), Number(b)];
  if (y === 0 && ['/', '//', '%'].includes(operator))
    throw new NoetlError('TEMPLATE_ERROR', 'division by zero');
  switch (operator) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/':
      return x / y;
    case '//':
      return Math.floor(x / y);
    case '%':
      return x - y * Math.floor(x / y);
    case '**':
      return x ** y;
    default:
      throw new NoetlError('TEMPLATE_SYNTAX', `unknown operator ${operator}`);
  }
}
