/** Expressions and statements with what Jinja2 3.1 on Python 3 gives for them, value by value. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '@noetl/protocol';
import { renderNative, renderText, scopeOf } from '../index.ts';

interface Corpus {
  context: JsonObject;
  expressions: [text: string, value: Json][];
  statements: [text: string, printed: string][];
}

const file = new URL('../../corpus/jinja.json', import.meta.url);
const corpus = JSON.parse(readFileSync(file, 'utf8')) as Corpus;
const scope = scopeOf({
  execution_id: '1',
  catalog_id: '1',
  path: '',
  vars: corpus.context,
  steps: {},
  step_kinds: {},
  args: {},
  payload: {},
});

describe('as Jinja2 does', () => {
  test.each(corpus.expressions)('{{ %s }}', (text, value) => {
    expect(renderNative(`{{ ${text} }}`, scope) ?? null).toEqual(value);
  });

  test.each(corpus.statements)('%s', (text, printed) => {
    expect(renderText(text, scope)).toBe(printed);
  });
});
