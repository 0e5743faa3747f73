/** Templates are data: no way out to the host, budgets that hold, and stored values that are asked for. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NoetlError, type Context } from '@noetl/protocol';
import {
  NeedsValue,
  projectContext,
  renderNative,
  scopeOf,
  assignVars,
  mergeDeep,
  parsePlaybook,
} from '../index.ts';

const context: Context = {
  execution_id: '1',
  catalog_id: '1',
  path: 'p',
  vars: { text: 'x', list: [1], map: { a: 1 }, n: 1 },
  steps: {},
  step_kinds: {},
  args: {},
  payload: {},
};
const scope = scopeOf(context);

describe('no way out', () => {
  test.each([
    "{{ ''.constructor }}",
    "{{ ''.constructor.constructor('return process')() }}",
    '{{ text.constructor }}',
    "{{ text['constructor'] }}",
    "{{ list['constructor'] }}",
    '{{ list.constructor }}',
    '{{ map.constructor }}',
    "{{ map['__proto__'] }}",
    '{{ map.__proto__ }}',
    '{{ map.prototype }}',
    '{{ map.toString }}',
    '{{ map.hasOwnProperty }}',
    '{{ map.valueOf }}',
    '{{ n.toFixed }}',
    '{{ list.map }}',
    '{{ list.push }}',
    '{{ text.at }}',
    '{{ text.length }}',
    '{{ range.constructor }}',
    '{{ range.call }}',
    '{{ list | map(attribute="constructor") | first }}',
    '{{ [map] | map(attribute="__proto__.polluted") | first }}',
    '{{ [map] | selectattr("constructor") | first }}',
    '{{ map | get("__proto__") }}',
    '{{ process }}',
    '{{ global }}',
    '{{ globalThis }}',
    '{{ require }}',
    '{{ this }}',
    '{{ self }}',
    '{{ cycler }}',
    '{{ lipsum.__globals__ }}',
    '{{ text.__class__.__mro__ }}',
    '{{ steps.constructor }}',
    '{{ workload.__proto__ }}',
    '{{ env.HOME }}',
    "{{ 'x'.replace.call() }}",
  ])('%s is undefined or refused', (text) => {
    let value: unknown;
    try {
      value = renderNative(text, scope);
    } catch (error) {
      expect(error).toBeInstanceOf(NoetlError);
    }
    expect(value ?? undefined).toBeUndefined();
  });

  test.each([
    '{{ list.push(2) }}',
    '{{ list.append(2) }}',
    '{{ map.update({}) }}',
    '{{ text.constructor() }}',
    '{{ map() }}',
  ])('%s is refused', (text) => {
    expect(() => renderNative(text, scope)).toThrow(NoetlError);
    expect(context.vars).toEqual({ text: 'x', list: [1], map: { a: 1 }, n: 1 });
  });
});

describe('budgets', () => {
  test.each([
    '{% for i in range(10000000) %}{% endfor %}',
    '{% for i in range(5000) %}{% for j in range(5000) %}{% endfor %}{% endfor %}',
    '{{ range(10000000) | list | length }}',
    '{{ "x" * 100000000 }}',
    '{{ ("x" * 1000000) ~ ("x" * 1000000) }}',
    '{{ [1] * 100000000 }}',
    '{% for i in range(100000) %}xxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}',
    `{{ ${'['.repeat(80)}1${']'.repeat(80)} }}`,
    '{{ range(2000000) | sum }}',
  ])('%s', (text) => {
    expect(() => renderNative(text, scope)).toThrow(expect.objectContaining({ code: 'TEMPLATE_BUDGET' }));
  });

  test('whatever is written, nothing but our own errors comes out', () => {
    const words = fc.constantFrom(
      '{{',
      '}}',
      '{%',
      '%}',
      ' list',
      ' map',
      '.a',
      '[0]',
      '| length',
      '| tojson',
      '| sort',
      ' + ',
      ' == ',
      ' in ',
      '(',
      ')',
      "'x'",
      '1',
      ' if ',
      ' else ',
      ' for i in ',
      ' endfor ',
      '~',
      ',',
      '-',
      ' not ',
      ' is defined',
      'range(9)',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 14 }), (parts) => {
        try {
          renderNative(parts.join(''), scope);
        } catch (error) {
          if (!(error instanceof NoetlError)) throw error;
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('stored values', () => {
  const ref = { kind: 'list', ref: 'noetl://1/list/4', count: 3, bytes: 10 };
  const holed = { ...context, steps: { start: { items: { _ref: ref }, total: 3 } } };
  const closed = scopeOf(holed);

  test.each([
    ['{{ start.items }}', { _ref: ref }],
    ['{{ {"x": start.items} }}', { x: { _ref: ref } }],
    ['{{ start.items | length }}', 3],
    ['{{ start.items is defined }}', true],
    ['{{ start.items | default([]) }}', { _ref: ref }],
    ['{{ "yes" if start.items else "no" }}', 'yes'],
    ['{{ start.total }}', 3],
    ['{{ start.items._ref.count }}', 3],
  ])('%s needs no load', (text, expected) => {
    expect(renderNative(text, closed)).toEqual(expected);
  });

  test.each([
    '{{ start.items[0] }}',
    '{{ start.items | first }}',
    'x{{ start.items }}',
    '{{ start.items == [] }}',
    '{% for i in start.items %}{% endfor %}',
    '{{ start.items | tojson }}',
    '{{ 1 in start.items }}',
  ])('%s asks for it', (text) => {
    expect(() => renderNative(text, closed)).toThrow(NeedsValue);
    const open = scopeOf(holed, {}, () => [1, 2, 3]);
    expect(() => renderNative(text, open)).not.toThrow();
  });
});

describe('step values', () => {
  const steps = {
    plain: { x: 1, data: { y: 2 } },
    bare: [1, 2],
    loop: { results: [{ v: 1 }, { v: 2 }], stats: { total: 2, success: 2, failed: 0, not_started: 0 } },
    pipe: { results: { fetch: { a: 1, both: 1 }, save: { b: 2, both: 2 } }, last: 'save' },
    one: { a: 1 },
  };
  const valued = scopeOf({
    ...context,
    vars: { plain: 'shadowed' },
    steps,
    step_kinds: { loop: 'loop', pipe: 'pipeline', one: 'task:fetch' },
  });

  test.each([
    ['{{ plain.x }}', 1],
    ['{{ plain.data.y }}', 2],
    ['{{ bare.data }}', [1, 2]],
    ['{{ bare.result[1] }}', 2],
    ['{{ one.data.a }}', 1],
    ['{{ one.fetch.a }}', 1],
    ['{{ one.results.fetch.a }}', 1],
    ['{{ loop.results[1].v }}', 2],
    ['{{ loop.data | length }}', 2],
    ['{{ loop | length }}', 2],
    ['{{ loop.count }}', 2],
    ['{{ loop.stats.success }}', 2],
    ['{% for item in loop %}{{ item.v }}{% endfor %}', '12'],
    ['{{ pipe.fetch.a }}', 1],
    ['{{ pipe.results.save.b }}', 2],
    ['{{ pipe.a }}', 1],
    ['{{ pipe.both }}', 2],
    ['{{ steps.plain.x }}', 1],
    ["{{ steps['bare'][0] }}", 1],
  ])('%s', (text, expected) => {
    expect(renderNative(text, valued)).toEqual(expected);
  });
});

describe('variables', () => {
  test('dotted paths nest; what is given is not changed', () => {
    const vars = { a: { b: 1, c: 2 }, d: 3 };
    expect(
      assignVars(vars, [
        ['a.b', 9],
        ['e.f', 1],
        ['d', 4],
      ]),
    ).toEqual({ a: { b: 9, c: 2 }, e: { f: 1 }, d: 4 });
    expect(vars).toEqual({ a: { b: 1, c: 2 }, d: 3 });
    expect(() => assignVars(vars, [['a.__proto__.x', 1]])).toThrow(
      expect.objectContaining({ code: 'KEY_FORBIDDEN' }),
    );
  });

  test('merging goes deep and pollutes nothing', () => {
    const evil = JSON.parse('{"__proto__": {"polluted": 1}, "a": {"y": 2}}') as Record<string, never>;
    expect(mergeDeep({ a: { x: 1 }, b: [1] }, { ...evil, b: [2] })).toEqual({ a: { x: 1, y: 2 }, b: [2] });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test.each([
    ["input: {a: '{{ workload.x }}'}", ['x']],
    ["input: {a: '{{ y }}'}", ['y']],
    ['input: {a: "{{ ctx[\'z\'] }}"}', ['z']],
    ["input: {a: '{{ workload }}'}", ['x', 'y', 'z']],
    ["input: {a: '{{ workload[y] }}'}", ['x', 'y', 'z']],
    ["code: 'result = context'", ['x', 'y', 'z']],
    ["code: 'result = {{ x }}'", ['x']],
    ["code: 'result = 1'", []],
  ])('a step with %s sees %j', (tool, names) => {
    const text = `metadata: {name: t}\nworkflow: [{step: start, tool: {kind: python, ${tool}}}]`;
    const [step] = parsePlaybook(text).playbook.steps;
    if (!step) throw new Error('no step');
    expect(
      Object.keys(projectContext({ ...context, vars: { x: 1, y: 'x', z: 3 } }, step).vars).sort(),
    ).toEqual(names);
  });
});
