/** `--set` and `--payload` as people type them. */
import { describe, expect, test } from '@jest/globals';
import { assign, parsePayload } from './assignments.ts';

describe('--set', () => {
  test.each([
    [['item_count=1000'], { item_count: 1000 }],
    [['a.b=c', 'a.d=true'], { a: { b: 'c', d: true } }],
    [['list=[1,2]', 'name=hello world', 'empty='], { list: [1, 2], name: 'hello world', empty: '' }],
    [['id="007"', 'url=http://x/?a=b'], { id: '007', url: 'http://x/?a=b' }],
  ])('%j', (texts, expected) => {
    expect(assign({}, texts)).toEqual(expected);
  });

  test('adds to what --payload gave', () => {
    expect(assign(parsePayload('{"a":{"x":1}}'), ['a.y=2'])).toEqual({ a: { x: 1, y: 2 } });
  });

  test.each(['novalue', '=1', 'a..b=1', '__proto__.x=1', 'a.constructor=1'])('refuses %s', (text) => {
    expect(() => assign({}, [text])).toThrow(/--set/);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  test('refuses to look into a value that is no object', () => {
    expect(() => assign({ a: 1 }, ['a.b=2'])).toThrow('a is not an object');
  });
});

describe('--payload', () => {
  test.each(['[1]', '"x"', '{broken'])('refuses %s', (text) => {
    expect(() => parsePayload(text)).toThrow(/--payload/);
  });
});
