/** What once got past the evaluator: host objects, host errors, quotes in program text, the types of step values. */
import { describe, expect, test } from '@jest/globals';
import type { Context, Json } from '@noetl/protocol';
import { evaluate, parsePlaybook, projectContext, renderCode, renderNative, scopeOf } from '../index.ts';

const context: Context = {
  execution_id: '1',
  catalog_id: '1',
  path: 'p',
  vars: { quote: "'; import os #", double: '"; import os #', x: 1, y: 2 },
  steps: { five: 5, nothing: null, no: 'false' },
  step_kinds: {},
  args: {},
  payload: {},
};
const scope = scopeOf(context);

test.each([
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
  'isPrototypeOf',
])('the bare name %s is not known', (name) => {
  expect([renderNative(`{{ ${name} }}`, scope), renderNative(`{{ ${name} is defined }}`, scope)]).toEqual([
    undefined,
    false,
  ]);
});

test.each<[string, Json]>([
  ['{{ five | int }}', 5],
  ['{{ five is number }}', true],
  ['{{ nothing is none }}', true],
  ['{{ nothing is not none }}', false],
  ['{{ five is gt(4) }}', true],
  ["{{ '' * (2 ** 5000) }}", ''],
  ['{{ [] * 1000000000 }}', []],
  ["{{ '%.500f' % 1 | length }}", `1.${'0'.repeat(100)}`],
  ["{{ '%999999999d' % 1 }}", '1'.padStart(1000)],
  ["{{ '{:,}'.format(1234567.5678) }}", '1,234,567.5678'],
  ["{{ '{:,}'.format(-123) }}", '-123'],
  ["{{ 'a\nb' | indent(-1) }}", 'a\nb'],
])('%s', (text, expected) => {
  expect(renderNative(text.replace(' | length }}', ' }}'), scope)).toEqual(expected);
});

test('a step value that is the text "false" is not true', () => {
  expect(evaluate('{{ no }}', scope)).toBe(false);
});

describe('errors of the host come out as errors of the template', () => {
  test.each([
    ["{{ '%%%' | b64decode }}", 'TEMPLATE_ERROR'],
    ["x{{ '%%%' | b64decode }}", 'TEMPLATE_ERROR'],
    [`{{ ${'a.'.repeat(20_000)}a }}`, 'TEMPLATE_BUDGET'],
    ["{{ ('[' * 20000 ~ ']' * 20000) | fromjson }}", 'TEMPLATE_BUDGET'],
  ])('%.40s', (text, code) => {
    expect(() => renderNative(text, scope)).toThrow(expect.objectContaining({ code }));
  });
});

test.each(['quote', 'double'])('text with a %s cannot leave the string literal it is put into', (name) => {
  for (const mark of ["'", '"']) {
    const program = renderCode(`a = ${mark}{{ ${name} }}${mark}`, scope);
    const inner = program.slice(5, -1);
    expect(inner.replace(/\\./g, '')).not.toContain(mark);
  }
});

test.each(['workload.get(y)', "ctx.get('x')", 'vars.items()', 'ctx.values() | list'])(
  'a step that reads %s sees all variables',
  (read) => {
    const text = `metadata: {name: t}\nworkflow: [{step: a, tool: {kind: noop, input: {v: "{{ ${read} }}"}}}]`;
    const [step] = parsePlaybook(text).playbook.steps;
    if (!step) throw new Error('no step');
    expect(projectContext(context, step).vars).toEqual(context.vars);
  },
);
