/** Indexes as people write them. */
import { expect, test } from '@jest/globals';
import { INDEXES_MAX, indexesOf } from './indexes.ts';

test.each([
  ['3', [3]],
  ['3,7,10-12', [3, 7, 10, 11, 12]],
  [' 12 - 13 , 3, 12', [3, 12, 13]],
  ['0-0', [0]],
])('%s', (text, expected) => {
  expect(indexesOf(text, 'indexes')).toEqual(expected);
});

test('as many as are allowed', () => {
  expect(indexesOf(`1-${String(INDEXES_MAX)}`, 'indexes')).toHaveLength(INDEXES_MAX);
});

test.each([
  '',
  'x',
  '1,',
  '-3',
  '1--3',
  '1.5',
  '7-3',
  '10000001',
  `0-${String(INDEXES_MAX)}`,
  '1e3',
  '123456789',
])('%j is refused', (text) => {
  expect(() => indexesOf(text, 'indexes')).toThrow(/^indexes /);
});
