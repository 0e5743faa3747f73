/** Splitting SQL: what a `;` may hide in. */
import { expect, test } from '@jest/globals';
import { splitStatements } from './split.ts';

test.each<[string, string, string[]]>([
  ['nothing', ' \n', []],
  ['one', 'select 1', ['select 1']],
  [
    'several, the last with or without its end',
    'select 1; select 2;\nselect 3',
    ['select 1', 'select 2', 'select 3'],
  ],
  ['empty pieces', ';;select 1;;', ['select 1']],
  ['text', "select ';', 'it''s; fine'; select 2", ["select ';', 'it''s; fine'", 'select 2']],
  ['a backslash that escapes nothing', "select '\\'; select 2", ["select '\\'", 'select 2']],
  [
    'escape text',
    "select E'\\';'; select e'\\\\'; select 3",
    ["select E'\\';'", "select e'\\\\'", 'select 3'],
  ],
  ['doubled quotes in escape text', "select E'a''\\'; b'; select 2", ["select E'a''\\'; b'", 'select 2']],
  ['a type name that ends in e', "select date'\\'; select 2", ["select date'\\'", 'select 2']],
  ['quoted names', 'select "a;b", "c""; d"; select 2', ['select "a;b", "c""; d"', 'select 2']],
  ['dollar quotes', 'do $$ begin a; b; end $$; select 2', ['do $$ begin a; b; end $$', 'select 2']],
  [
    'tagged dollar quotes',
    'do $x$ a; $$ b; $$ $y$; $x$; select 2',
    ['do $x$ a; $$ b; $$ $y$; $x$', 'select 2'],
  ],
  ['parameters are no quotes', 'select $1; select $2', ['select $1', 'select $2']],
  ['a dollar inside a name', 'select a$b$; select c$b$', ['select a$b$', 'select c$b$']],
  ['line comments', "select 1 -- a; b's\n; select 2", ["select 1 -- a; b's", 'select 2']],
  [
    'nested comments',
    'select 1 /* a; /* b; */ c; */; select 2',
    ['select 1 /* a; /* b; */ c; */', 'select 2'],
  ],
  ['only comments', '-- one\n/* two */; select 1; -- three', ['select 1']],
  ['a comment before a statement stays', '-- why\nselect 1', ['-- why\nselect 1']],
  ['a minus is no comment', 'select 1 - -1; select 2', ['select 1 - -1', 'select 2']],
  ['unclosed text', "select 'a; b", ["select 'a; b"]],
  ['unclosed dollar quote', 'do $$ a; b', ['do $$ a; b']],
  ['an unclosed comment', 'select 1; /* a; b', ['select 1']],
])('%s', (_, sql, expected) => {
  expect(splitStatements(sql)).toEqual(expected);
});

test('a long text does not take long', () => {
  const text = `insert into t values ('${"x''".repeat(500_000)}');`;
  const statements = splitStatements(text.repeat(4) + 'select 1;'.repeat(100_000));
  expect(statements.length).toBe(100_004);
});
