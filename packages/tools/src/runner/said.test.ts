/** What a runner says is believed only where it can be true. */
import { expect, test } from '@jest/globals';
import { asFailure, asPage, asRead, asReported, ForgedFrame, linesOf } from './said.ts';

const two = { ms: [1, 2.5], failed: [1], prints: [[0, 'hi']] };

test('outcomes of items that were sent', () => {
  expect(asReported({ ...two, end: false }, 2)).toEqual(two);
  expect(asReported({ ms: [], failed: [], prints: [], end: true }, 2).ms).toEqual([]);
});

test.each<[string, Record<string, unknown>]>([
  ['more than were sent', { ...two, ms: [1, 2, 3] }],
  ['none, in the middle of a frame', { ms: [], failed: [], prints: [], end: false }],
  ['times that are texts', { ...two, ms: ['1\t2', 1] }],
  ['times that are none', { ...two, ms: [NaN, 1] }],
  ['failures of others', { ...two, failed: [2] }],
  ['failures before the first', { ...two, failed: [-1] }],
  ['prints of others', { ...two, prints: [[2, 'x']] }],
  ['prints without end', { ...two, prints: [[0, 'x'.repeat(100_000)]] }],
  ['nothing of it', {}],
])('no outcomes: %s', (_, header) => {
  expect(() => asReported(header, 2)).toThrow(ForgedFrame);
});

test('a line for each', () => {
  const lines = linesOf(Buffer.from('1\n"ä"'), 2);
  expect([...lines.texts()]).toEqual([
    [0, '1'],
    [1, '"ä"'],
  ]);
  expect(lines.at(1)).toMatchObject({ from: 2, to: 6 });
  expect(linesOf(Buffer.alloc(0), 0)).toHaveLength(0);
  expect(() => linesOf(Buffer.from('1\n2'), 1)).toThrow(ForgedFrame);
  expect(() => linesOf(Buffer.alloc(11 * 1024 * 1024, 'x'), 1)).toThrow(ForgedFrame);
});

test('failures of known kinds', () => {
  expect(asFailure('{"code": "CODE_EXCEPTION", "message": "no"}').message).toBe('no');
  for (const text of ['{', 'null', '{"code": "INTERNAL", "message": "no"}', '{"code": "CODE_SYNTAX"}']) {
    expect(() => asFailure(text)).toThrow(ForgedFrame);
  }
});

test('questions and pages', () => {
  expect(asRead({ ref: 'r', from: 0, to: 1_000 })).toEqual({ ref: 'r', from: 0, to: 1_000 });
  expect(() => asRead({ ref: 'r', from: 0, to: 1e9 })).toThrow(ForgedFrame);
  expect(asPage({ count: 2 }, Buffer.from('[1,\n2]'))).toEqual(['[1,\n2]', 2]);
  expect(() => asPage({ count: 3 }, Buffer.from('[1,\n2]'))).toThrow(ForgedFrame);
});
