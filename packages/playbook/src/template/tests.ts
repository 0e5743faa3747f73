/** Tests of `is …` expressions. */
import { isJsonObject } from '@noetl/protocol';
import type { Environment } from './environment.ts';
import { FILTERS } from './filters/index.ts';
import { binary, truthy } from './operators.ts';
import { TEXT_CASE } from './text-methods.ts';
import { bare, Callable, Float, Range } from './value.ts';

export type Test = (environment: Environment, value: unknown, args: unknown[]) => boolean;

const comparing =
  (operator: string): Test =>
  (environment, value, [other]) =>
    truthy(binary(environment, operator, value, other));

function isMapping(opened: unknown): boolean {
  return isJsonObject(opened) && !(opened instanceof Float) && !(opened instanceof Callable);
}

const isSequence: Test = (environment, value) => {
  const opened = environment.open(value);
  return Array.isArray(opened) || typeof opened === 'string' || opened instanceof Range || isMapping(opened);
};

export const TESTS: Record<string, Test> = {
  defined: (_, value) => value !== undefined,
  undefined: (_, value) => value === undefined,
  none: (_, value) => value === null,
  null: (_, value) => value === null,
  true: (_, value) => value === true,
  false: (_, value) => value === false,
  boolean: (_, value) => typeof value === 'boolean',
  string: (environment, value) => typeof environment.open(value) === 'string',
  number: (_, value) => typeof bare(value) === 'number' || typeof value === 'boolean',
  integer: (_, value) => Number.isInteger(value),
  float: (_, value) => value instanceof Float || (typeof value === 'number' && !Number.isInteger(value)),
  mapping: (environment, value) => isMapping(environment.open(value)),
  sequence: isSequence,
  iterable: isSequence,
  even: (_, value) => Number(value) % 2 === 0,
  odd: (_, value) => Math.abs(Number(value) % 2) === 1,
  divisibleby: (_, value, [by]) => Number(value) % Number(by) === 0,
  lower: (_, value) => typeof value === 'string' && TEXT_CASE.lower(value),
  upper: (_, value) => typeof value === 'string' && TEXT_CASE.upper(value),
  sameas: (_, value, [other]) => value === other,
  callable: (_, value) => value instanceof Callable,
  filter: (_, value) => typeof value === 'string' && Object.hasOwn(FILTERS, value),
  test: (_, value) => typeof value === 'string' && Object.hasOwn(TESTS, value),
  '==': comparing('=='),
  '!=': comparing('!='),
  '<': comparing('<'),
  '<=': comparing('<='),
  '>': comparing('>'),
  '>=': comparing('>='),
  equalto: comparing('=='),
  eq: comparing('=='),
  ne: comparing('!='),
  gt: comparing('>'),
  greaterthan: comparing('>'),
  ge: comparing('>='),
  lt: comparing('<'),
  lessthan: comparing('<'),
  le: comparing('<='),
  in: comparing('in'),
};
