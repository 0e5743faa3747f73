/** Expressions and what they give, as Jinja2 and Python would. */
import { describe, expect, test } from '@jest/globals';
import type { Context, Json } from '@noetl/protocol';
import { evaluate, render, renderCode, renderNative, renderText, scopeOf } from '../index.ts';

const context: Context = {
  execution_id: '123',
  catalog_id: '9',
  path: 'p',
  vars: {
    n: 5,
    zero: 0,
    half: 2.5,
    name: 'Ada',
    text: 'a,b,c',
    yes: true,
    no: false,
    nothing: null,
    empty: [],
    list: [3, 1, 2],
    words: ['b', 'A', 'c'],
    people: [
      { name: 'Bo', age: 30, on: true },
      { name: 'Al', age: 25, on: false },
      { name: 'Cy', age: 30, on: true },
    ],
    map: { a: 1, items: 'data', nested: { x: [10, 20] } },
    json: '{"k": [1, 2]}',
  },
  steps: {},
  step_kinds: {},
  args: { given: 'arg' },
  payload: { raw: 1 },
};
const scope = scopeOf(context, { now_ms: Date.UTC(2026, 0, 2, 3, 4, 5) });

const CORPUS: [string, Json | undefined][] = [
  // Types are kept
  ['{{ n }}', 5],
  ['  {{ n }}  ', 5],
  ['{{ yes }}', true],
  ['{{ nothing }}', null],
  ['{{ list }}', [3, 1, 2]],
  ['{{ map.nested }}', { x: [10, 20] }],
  ['{{ {"a": n, "b": [name, none]} }}', { a: 5, b: ['Ada', null] }],
  ['{{ execution_id }}', '123'],
  ['{{ job.uuid }}', '123'],
  ['plain', 'plain'],
  // Look-ups
  ['{{ workload.n }}', 5],
  ['{{ ctx.map.a }}', 1],
  ['{{ vars["n"] }}', 5],
  ['{{ args.given }}', 'arg'],
  ['{{ payload.raw }}', 1],
  ['{{ map.items }}', 'data'],
  ['{{ map.nested.x[1] }}', 20],
  ['{{ list[-1] }}', 2],
  ['{{ list[0:2] }}', [3, 1]],
  ['{{ name[1] }}', 'd'],
  ['{{ name[:2] }}', 'Ad'],
  ['{{ missing }}', undefined],
  ['{{ missing.deep.er[3].still }}', undefined],
  ['{{ nothing.x }}', undefined],
  ['{{ list[99] }}', undefined],
  // Operators
  ['{{ n + 1 }}', 6],
  ['{{ n - 7 }}', -2],
  ['{{ n * half }}', 12.5],
  ['{{ n / 2 }}', 2.5],
  ['{{ n // 2 }}', 2],
  ['{{ -7 // 2 }}', -4],
  ['{{ -7 % 3 }}', 2],
  ['{{ 2 ** 10 }}', 1024],
  ['{{ "ab" * 3 }}', 'ababab'],
  ['{{ name ~ "-" ~ n }}', 'Ada-5'],
  ['{{ list + [4] }}', [3, 1, 2, 4]],
  ['{{ n == 5 and name != "Bo" }}', true],
  ['{{ n > 5 or not zero }}', true],
  ['{{ 1 < 2 }}', true],
  ['{{ "a" < "b" }}', true],
  ['{{ [1, 2] == [1, 2] }}', true],
  ['{{ 3 in list }}', true],
  ['{{ 9 not in list }}', true],
  ['{{ "d" in name }}', true],
  ['{{ "a" in map }}', true],
  ['{{ "yes" if n > 3 else "no" }}', 'yes'],
  ['{{ "only" if n > 9 }}', undefined],
  ['{{ name or "fallback" }}', 'Ada'],
  ['{{ empty or "fallback" }}', 'fallback'],
  ['{{ zero and boom() }}', 0],
  // Defaults and conversion
  ['{{ missing | default("d") }}', 'd'],
  ['{{ missing.x | d(3) }}', 3],
  ['{{ nothing | default("d") }}', null],
  ['{{ nothing | default("d", true) }}', 'd'],
  ['{{ "" | default("d", true) }}', 'd'],
  ['{{ "42" | int }}', 42],
  ['{{ "4.9" | int }}', 4],
  ['{{ "x" | int }}', 0],
  ['{{ "x" | int(7) }}', 7],
  ['{{ true | int }}', 1],
  ['{{ "2.5" | float }}', 2.5],
  ['{{ 2.567 | round(2) }}', 2.57],
  ['{{ 2.1 | round(0, "ceil") }}', 3],
  ['{{ -3 | abs }}', 3],
  ['{{ n | string }}', '5'],
  ['{{ "off" | bool }}', false],
  ['{{ json | fromjson }}', { k: [1, 2] }],
  ['{{ (json | from_json).k[1] }}', 2],
  // Text
  ['{{ name | upper }}', 'ADA'],
  ['{{ name | lower }}', 'ada'],
  ['{{ "hello big world" | title }}', 'Hello Big World'],
  ['{{ "hELLO" | capitalize }}', 'Hello'],
  ['{{ "  x " | trim }}', 'x'],
  ['{{ text | replace(",", ";") }}', 'a;b;c'],
  ['{{ text | replace(",", ";", 1) }}', 'a;b,c'],
  ['{{ text | split(",") }}', ['a', 'b', 'c']],
  ['{{ " a  b " | split }}', ['a', 'b']],
  ['{{ words | join("-") }}', 'b-A-c'],
  ['{{ people | join(", ", attribute="name") }}', 'Bo, Al, Cy'],
  ['{{ "hi" | b64encode }}', 'aGk='],
  ['{{ "aGk=" | b64decode }}', 'hi'],
  ['{{ "a b&c" | urlencode }}', 'a%20b%26c'],
  ['{{ "<a>" | escape }}', '&lt;a&gt;'],
  ['{{ "%s has %d" | format(name, 3) }}', 'Ada has 3'],
  ['{{ "%05.1f|%3d" % (2.25, 7) }}', '002.2|  7'],
  ['{{ "a b c" | wordcount }}', 3],
  ['{{ "long text here" | truncate(8) }}', 'long...'],
  ['{{ 0 | strftime("%Y-%m-%d") }}', '1970-01-01'],
  ['{{ "2026-01-02T03:04:05Z" | strftime("%d.%m.%Y %H:%M") }}', '02.01.2026 03:04'],
  // Lists
  ['{{ list | length }}', 3],
  ['{{ map | length }}', 3],
  ['{{ name | count }}', 3],
  ['{{ list | first }}', 3],
  ['{{ list | last }}', 2],
  ['{{ empty | first }}', undefined],
  ['{{ list | sort }}', [1, 2, 3]],
  ['{{ words | sort }}', ['A', 'b', 'c']],
  ['{{ list | sort(reverse=true) }}', [3, 2, 1]],
  ['{{ people | sort(attribute="age") | map(attribute="name") | list }}', ['Al', 'Bo', 'Cy']],
  ['{{ list | sum }}', 6],
  ['{{ people | sum(attribute="age") }}', 85],
  ['{{ list | min }} {{ list | max }}', '1 3'],
  ['{{ (people | max(attribute="age")).name }}', 'Bo'],
  ['{{ [1, 2, 1, 3] | unique | list }}', [1, 2, 3]],
  ['{{ list | reverse | list }}', [2, 1, 3]],
  ['{{ people | selectattr("on") | map(attribute="name") | list }}', ['Bo', 'Cy']],
  ['{{ people | rejectattr("age", "gt", 26) | map(attribute="name") | list }}', ['Al']],
  ['{{ people | selectattr("age", "==", 30) | list | length }}', 2],
  ['{{ list | select("odd") | list }}', [3, 1]],
  ['{{ list | reject("gt", 2) | list }}', [1, 2]],
  ['{{ words | map("upper") | list }}', ['B', 'A', 'C']],
  ['{{ [1, 2, 3, 4, 5] | batch(2) | list }}', [[1, 2], [3, 4], [5]]],
  [
    '{{ {"b": 1, "a": 2} | dictsort }}',
    [
      ['a', 2],
      ['b', 1],
    ],
  ],
  ['{{ map.nested | items | list }}', [['x', [10, 20]]]],
  ['{{ (people | groupby("age"))[0][0] }}', 25],
  ['{{ range(3) | list }}', [0, 1, 2]],
  ['{{ range(1, 7, 2) }}', [1, 3, 5]],
  // Tests
  ['{{ n is defined and missing is not defined }}', true],
  ['{{ missing is undefined }}', true],
  ['{{ nothing is none }}', true],
  ['{{ name is string and n is number and list is sequence and map is mapping }}', true],
  ['{{ n is odd and 4 is even and 9 is divisibleby(3) }}', true],
  ['{{ n is integer and half is float }}', true],
  ['{{ n is eq(5) and n is gt(4) and n is in([5]) }}', true],
  // Methods
  ['{{ map.get("a") }}', 1],
  ['{{ map.get("zz", 4) }}', 4],
  ['{{ map.nested.keys() | list }}', ['x']],
  ['{{ map.nested.items() | list }}', [['x', [10, 20]]]],
  ['{{ text.split(",")[1] }}', 'b'],
  ['{{ " x ".strip() }}', 'x'],
  ['{{ name.lower().startswith("a") }}', true],
  ['{{ ",".join(words) }}', 'b,A,c'],
  ['{{ "{} is {age:>3}".format(name, age=7) }}', 'Ada is   7'],
  ['{{ "{:,.2f}".format(1234567.5) }}', '1,234,567.50'],
  ['{{ "7".zfill(3) }}', '007'],
  ['{{ name.replace("A", "E") }}', 'Eda'],
  ['{{ list.index(2) }}', 2],
  ['{{ now() }}', '2026-01-02T03:04:05.000Z'],
  // Mixed text prints as Python does
  ['n={{ n }}', 'n=5'],
  ['{{ yes }} {{ no }} {{ nothing }}', 'True False None'],
  ['x[{{ missing }}]', 'x[]'],
  ['{{ n is not divisibleby 3 }}', true],
  ['x {{ list }} {{ map.nested }} {{ words }}', "x [3, 1, 2] {'x': [10, 20]} ['b', 'A', 'c']"],
  ['x {{ ["it\'s", none, true] }}', 'x ["it\'s", None, True]'],
  ['x {{ list | tojson }} {{ {"a": none, "b": true} | tojson }}', 'x [3, 1, 2] {"a": null, "b": true}'],
  ['x {{ "it\'s <b>" | tojson }}', 'x "it\\u0027s \\u003cb\\u003e"'],
  ['{"a": {{ n }}, "b": {{ list | tojson }}}', { a: 5, b: [3, 1, 2] }],
  ['{{ n }}{{ n }}', '55'],
  ['{% if n > 3 %}big{% elif n > 1 %}mid{% else %}small{% endif %}', 'big'],
  ['{% for w in words %}{{ loop.index }}{{ w }}{% if not loop.last %},{% endif %}{% endfor %}', '1b,2A,3c'],
  ['{% for k, v in map.nested.items() %}{{ k }}={{ v | length }}{% endfor %}', 'x=2'],
  ['{% for w in empty %}x{% else %}none{% endfor %}', 'none'],
  ['{% set x = n + 1 %}{{ x }}!', '6!'],
  ['{# a remark #}text', 'text'],
];

describe('expressions', () => {
  test.each(CORPUS)('%s', (text, expected) => {
    expect(renderNative(text, scope)).toEqual(expected);
  });
});

describe('rendering', () => {
  test('goes through structures, keys included; undefined becomes null', () => {
    expect(render({ 'k_{{ n }}': ['{{ n }}', { x: '{{ missing }}' }], y: 7 }, scope)).toEqual({
      k_5: [5, { x: null }],
      y: 7,
    });
  });

  test('what was rendered is not rendered again', () => {
    const evil = scopeOf({ ...context, vars: { evil: '{{ n }}', n: 1 } });
    expect([renderNative('{{ evil }}', evil), renderNative('x{{ evil }}', evil)]).toEqual([
      '{{ n }}',
      'x{{ n }}',
    ]);
  });

  test('as text, nothing is coerced', () => {
    expect([renderText('{{ list }}', scope), renderText('[{{ n }}]', scope)]).toEqual(['[3, 1, 2]', '[5]']);
  });

  test.each<[string | boolean, boolean]>([
    [true, true],
    [false, false],
    ['{{ n > 3 }}', true],
    ['n > 3 and name == "Ada"', true],
    ['{{ missing }}', false],
    ['{{ empty }}', false],
    ['{{ "false" }}', false],
    ['{{ " No " }}', false],
    ['{{ "0" }}', false],
    ['{{ "none" }}', false],
    ['{{ "[]" }}', false],
    ['{{ "text" }}', true],
    ['{% if n > 9 %}true{% endif %}', false],
  ])('condition %s is %s', (condition, expected) => {
    expect(evaluate(condition, scope)).toBe(expected);
  });

  test('in code, values print as literals on one line, and foreign braces stay', () => {
    const code =
      'a = {{ n }}\nb = "{{ name }}" # {{ list }}\nc = f"{{ {1: 2} }}" + "{{ not a template at all }}"';
    expect(renderCode(code, scope)).toContain('a = 5\nb = "Ada" # [3, 1, 2]');
    expect(renderCode(code, scope)).toContain('{{ not a template at all }}');
    expect(renderCode('{{ text }}', scope)).toBe('a,b,c');
    expect(renderCode('no = {"braces": 1}', scope)).toBe('no = {"braces": 1}');
  });
});
