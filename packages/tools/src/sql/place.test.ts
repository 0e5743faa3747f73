/** Where values go in SQL: bound, escaped, or refused, by what the author wrote around them. */
import { describe, expect, test } from '@jest/globals';
import { scopeOf } from '@noetl/playbook';
import type { Context, Json } from '@noetl/protocol';
import { bound } from './parameters.ts';
import { renderSql } from './render.ts';
import { splitStatements } from './split.ts';

const QUOTE = "x'; DROP TABLE t; --";

const context: Context = {
  execution_id: '1',
  catalog_id: '1',
  path: 'p',
  vars: {
    n: 5,
    minus: -5,
    yes: true,
    nothing: null,
    id: '638123456789012345',
    name: 'users',
    evil: QUOTE,
    list: ['a', QUOTE, 3],
    map: { a: QUOTE },
    slash: "\\'; --",
    dollars: 'a$$; DROP TABLE t; --',
    lines: 'a\n; DROP TABLE t',
    end: '*/ DROP TABLE t; /*',
    query: 'SELECT 1; SELECT 2',
    e: 'E',
    zero: 'a\0"b"\0',
  },
  steps: {},
  step_kinds: {},
  args: {},
  payload: {},
};
const scope = scopeOf(context);

function sql(template: string, binding: 'parameters' | 'literals' = 'parameters'): [string, unknown[]][] {
  const text = renderSql(template, scope, binding, 'query') as string;
  return splitStatements(text).map((statement) => {
    const { text: placed, values } = bound(statement, undefined);
    return [placed, values];
  });
}

test.each<[string, string, unknown[]]>([
  ['SELECT {{ n }} + {{ yes }}', 'SELECT 5 + TRUE', []],
  ['SELECT 1 -{{ minus }}', 'SELECT 1 -(-5)', []],
  ['SELECT {{ nothing }}, {{ missing }}', 'SELECT NULL, NULL', []],
  ['SELECT * FROM t WHERE id = {{ id }}', 'SELECT * FROM t WHERE id = 638123456789012345', []],
  ['SELECT * FROM t WHERE a = {{ evil }}', 'SELECT * FROM t WHERE a = $1', [QUOTE]],
  [
    'SELECT * FROM t WHERE a={{ evil }} AND b>={{ name }}',
    'SELECT * FROM t WHERE a=$1 AND b>=$2',
    [QUOTE, 'users'],
  ],
  ["SELECT * FROM t WHERE a = '{{ evil }}'", "SELECT * FROM t WHERE a = 'x''; DROP TABLE t; --'", []],
  ["SELECT '{{ evil | replace(\"'\", \"''\") }}'", "SELECT 'x''; DROP TABLE t; --'", []],
  ["SELECT E'{{ slash }}'", "SELECT E'\\\\''; --'", []],
  ["SELECT U&'{{ slash }}'", "SELECT U&'\\\\''; --'", []],
  ["SELECT '{{ slash }}'", "SELECT '\\''; --'", []],
  ['SELECT "{{ evil }}"', 'SELECT "x\'; DROP TABLE t; --"', []],
  ['SELECT {{ evil | identifier }}', 'SELECT "x\'; DROP TABLE t; --"', []],
  ['SELECT $${{ dollars }}$$', 'SELECT $noetl0$a$$; DROP TABLE t; --$noetl0$', []],
  ['SELECT $${{ n }}$$', 'SELECT $$5$$', []],
  ['SELECT 1 -- {{ lines }}', 'SELECT 1 -- a ; DROP TABLE t', []],
  ['SELECT 1 /* {{ end }} */', 'SELECT 1 /*   DROP TABLE t;   */', []],
  ['SELECT * FROM {{ name }}', 'SELECT * FROM users', []],
  ['SELECT * FROM app.{{ name }}_{{ n }}', 'SELECT * FROM app.users_5', []],
  ['SELECT 1 ORDER BY {{ name }} DESC LIMIT {{ n }}', 'SELECT 1 ORDER BY users DESC LIMIT 5', []],
  ["SELECT 1 WHERE a IN ({{ list | join(',') }})", 'SELECT 1 WHERE a IN ($1, $2, 3)', ['a', QUOTE]],
  [
    "SELECT 1 WHERE a IN ('{{ list | join(\"','\") }}')",
    "SELECT 1 WHERE a IN ('a','x''; DROP TABLE t; --','3')",
    [],
  ],
  ['SELECT 1 WHERE a = ANY({{ list }})', 'SELECT 1 WHERE a = ANY($1)', [['a', QUOTE, 3]]],
  ['SELECT {{ map }}::jsonb', 'SELECT $1::jsonb', [JSON.stringify({ a: QUOTE })]],
  [
    'CREATE TABLE t (a text DEFAULT {{ evil }})',
    "CREATE TABLE t (a text DEFAULT 'x''; DROP TABLE t; --')",
    [],
  ],
  [
    "DO $$ BEGIN PERFORM 1 WHERE {{ evil }} = '{{ evil }}'; END $$",
    "DO $$ BEGIN PERFORM 1 WHERE 'x''; DROP TABLE t; --' = 'x''; DROP TABLE t; --'; END $$",
    [],
  ],
  [
    "{% for x in list %}SELECT {{ x }} WHERE '{{ x }}' = 'a'{% if not loop.last %} UNION {% endif %}{% endfor %}",
    "SELECT $1 WHERE 'a' = 'a' UNION SELECT $2 WHERE 'x''; DROP TABLE t; --' = 'a' UNION SELECT 3 WHERE '3' = 'a'",
    ['a', QUOTE],
  ],
  ['{% set x %}{{ evil }}{% endset %}SELECT {{ x }}', 'SELECT $1', [QUOTE]],
  ['SELECT {{ "\'" ~ evil ~ "\'" if evil else \'NULL\' }}', "SELECT 'x''; DROP TABLE t; --'", []],
  ['SELECT {{ "\'" + (evil | replace("\'", "\'\'")) + "\'" }}', "SELECT 'x''; DROP TABLE t; --'", []],
  ["SELECT 1 {{ 'ORDER BY 1' if yes else '' }} {{ 'LIMIT 1' if nothing }}", 'SELECT 1 ORDER BY 1', []],
  ["SELECT {{ evil if yes else 'NULL' }}", 'SELECT $1', [QUOTE]],
  ['SELECT 1 WHERE {{ "a = b" | sqlsafe }}', 'SELECT 1 WHERE a = b', []],
])('%s', (template, text, values) => {
  expect(sql(template)).toEqual([[text, values]]);
});

test('an expression that is all there is gives the SQL itself', () => {
  expect(sql('  {{ query }};\n')).toEqual([
    ['SELECT 1', []],
    ['SELECT 2', []],
  ]);
});

test('parameters of the playbook come before those of templates', () => {
  const text = renderSql('SELECT :a, {{ evil }}, :b', scope, 'parameters', 'query') as string;
  expect(bound(text, { a: 1, b: 2 })).toEqual({ text: 'SELECT $1, $3, $2', values: [1, 2, QUOTE] });
});

test('without parameters, texts become literals', () => {
  expect(sql('SELECT {{ evil }}', 'literals')).toEqual([["SELECT 'x''; DROP TABLE t; --'", []]]);
});

describe('what would be SQL where the author did not say so', () => {
  test.each<[string, Json?]>([
    ['SELECT * FROM {{ evil }}'],
    ['SELECT * FROM t_{{ evil }}'],
    ['SELECT * FROM {{ evil }}.t'],
    ['SELECT 1 ORDER BY {{ evil }}'],
    ['SELECT 1 ORDER BY a {{ evil }}'],
    ['SELECT 1 LIMIT 5 {{ evil }}'],
    ['SELECT a::{{ evil }}'],
    ['{{ evil }} INTO t'],
    ['SELECT ${{ name }}$'],
    ["SELECT a {{ e }}'a'"],
    [`SELECT E{{ "'" ~ evil ~ "'" }}`],
    ["SELECT '{{ zero }}'"],
    ['SELECT {{ zero | sqlsafe }}'],
    ['SELECT {{ map }}.a'],
  ])('%s is refused', (template) => {
    expect(() => sql(template)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^SQL_UNSAFE$/) }),
    );
  });
});

test('a long text does not take long', () => {
  const template = `SELECT '${'a'.repeat(200_000)}', {{ evil }} ${'-- x\n'.repeat(20_000)}`;
  expect(sql(template)[0]?.[1]).toEqual([QUOTE]);
});
