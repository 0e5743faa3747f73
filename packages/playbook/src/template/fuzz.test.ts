/** Whatever template is written over whatever data: data or an error of ours comes out, within the budgets. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NoetlError, type Context, type Json } from '@noetl/protocol';
import { render, renderCode, scopeOf } from '../index.ts';
import { FILTERS } from './filters/index.ts';
import { METHOD_NAMES } from './methods.ts';
import { TESTS } from './tests.ts';

const TEXT_MAX = 1024 * 1024;

const NAMES = [
  'text',
  'list',
  'map',
  'n',
  'none',
  'range',
  'dict',
  'namespace',
  'start',
  'loop',
  'constructor',
];
const KEYS = ['a', 'constructor', '__proto__', 'prototype', 'call', 'length', '0', 'toString', 'get'];
const NUMBERS = ['0', '-1', '3', '1.5', '100000', '2 ** 5000', '(2 ** 5000 - 2 ** 5000)', '1e308'];

const { expression } = fc.letrec<{ expression: string; operand: string; args: string }>((tie) => ({
  operand: fc.oneof(
    fc.constantFrom(...NAMES),
    fc.constantFrom(...NUMBERS),
    fc.constantFrom("''", "'%s%d'", "'{0.a}{b}'", "'<b>é😀'", "'{{ n }}'", '[]', '{}', '[1, [2], {"a": 3}]'),
  ),
  args: fc.array(tie('expression'), { maxLength: 3 }).map((list) => list.join(', ')),
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('operand'),
    fc.tuple(tie('expression'), fc.constantFrom(...KEYS)).map(([of, key]) => `(${of}).${key}`),
    fc.tuple(tie('expression'), tie('expression')).map(([of, key]) => `(${of})[${key}]`),
    fc.tuple(tie('expression'), fc.constantFrom(...KEYS)).map(([of, key]) => `(${of})['${key}']`),
    fc
      .tuple(tie('expression'), fc.constantFrom(...Object.keys(FILTERS)), tie('args'))
      .map(([of, name, args]) => `(${of}) | ${name}(${args})`),
    fc
      .tuple(tie('expression'), fc.constantFrom(...METHOD_NAMES), tie('args'))
      .map(([of, name, args]) => `(${of}).${name}(${args})`),
    fc
      .tuple(tie('expression'), fc.constantFrom(...Object.keys(TESTS)), tie('operand'))
      .map(([of, name, other]) => `(${of}) is ${name}(${other})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '*', '~', '%', '==', '<', 'in', 'and', '/', '-'),
        tie('expression'),
      )
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
    fc.tuple(tie('operand'), tie('args')).map(([of, args]) => `${of}(${args})`),
  ),
}));

const template = fc.oneof(
  expression.map((text) => `{{ ${text} }}`),
  expression.map((text) => `x{{ ${text} }}`),
  fc
    .tuple(expression, expression)
    .map(([list, text]) => `{% for loop_item in ${list} %}{{ ${text} }}{{ loop }}{% endfor %}`),
  fc.tuple(expression, expression).map(([value, text]) => `{% set n = ${value} %}{{ ${text} }}`),
  fc.tuple(expression, expression).map(([test, text]) => `{% if ${test} %}{{ ${text} }}{% endif %}`),
);

test('data or an error of ours, and no more of it than is allowed', () => {
  const before = Object.getOwnPropertyNames(Object.prototype).length;
  fc.assert(
    fc.property(template, fc.jsonValue(), (text, json) => {
      const vars = { text: 'ab'.repeat(500), list: [json as Json, 1], map: { a: json as Json }, n: 2 };
      const scope = scopeOf(contextOf(vars), { now_ms: 0 });
      for (const work of [() => render({ value: text }, scope), () => renderCode(`x = ${text}`, scope)]) {
        try {
          const value = work();
          expect(isData(value)).toBe(true);
          const output = typeof value === 'string' ? value : (value as { value: Json }).value;
          if (typeof output === 'string') expect(output.length).toBeLessThanOrEqual(TEXT_MAX + text.length);
        } catch (error) {
          if (!(error instanceof NoetlError)) throw error;
          expect(error.code).toMatch(/^TEMPLATE_/);
        }
      }
      expect(vars).toEqual({ text: 'ab'.repeat(500), list: [json, 1], map: { a: json }, n: 2 });
    }),
    { numRuns: 2_000 },
  );
  expect(Object.getOwnPropertyNames(Object.prototype).length).toBe(before);
});

test.each([
  ['{{ range(9999999) | list }}', 'request.url'],
  ["{{ 'x' * 9999999 }}", 'request.url'],
  ['{{ nothing() }}', 'request.url'],
])('the error of %s names the place and the template', (url, path) => {
  expect(() => render({ request: { url } }, scopeOf(contextOf({})))).toThrow(
    expect.objectContaining({ place: { path }, message: expect.stringContaining(url) }),
  );
});

function contextOf(vars: Context['vars']): Context {
  return {
    execution_id: '1',
    catalog_id: '1',
    path: 'p',
    vars,
    steps: { start: { rows: [{ a: 1 }] } },
    step_kinds: {},
    args: {},
    payload: {},
  };
}

/** JSON of plain objects and lists: no functions, no objects of the host, no changed prototypes. */
function isData(value: unknown): boolean {
  if (typeof value !== 'object' || value === null)
    return ['object', 'string', 'number', 'boolean'].includes(typeof value);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    (prototype === Object.prototype || prototype === Array.prototype) && Object.values(value).every(isData)
  );
}
