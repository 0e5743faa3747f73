/** The artifact tool: values kept and read again, by every spelling of a reference, and what is no reference. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '@noetl/protocol';
import { secondsOf } from './artifact.ts';
import { MemoryValues, runBatch } from './harness.ts';
import { createToolbox, type Toolbox } from './index.ts';

let toolbox: Toolbox;
const values = new MemoryValues();

beforeAll(() => {
  toolbox = createToolbox({ runners: 1 });
});

afterAll(() => toolbox.close());

async function outcome(config: JsonObject, input: JsonObject = {}) {
  const [one] = await runBatch(toolbox, 'artifact', '', [input], { config, environment: { values } });
  if (!one) throw new Error('no outcome');
  return one;
}

async function run(config: JsonObject, input: JsonObject = {}): Promise<Json> {
  const one = await outcome(config, input);
  if (one.status === 'error') throw new Error(JSON.stringify(one.error));
  return JSON.parse(one.text) as Json;
}

describe('what is put', () => {
  test.each<[string, Json]>([
    ['a mapping', { a: [1, null] }],
    ['a list', [1, 2]],
    ['text', 'plain'],
    ['null', null],
  ])('%s, comes back by its text and by its mapping', async (_, data) => {
    const { ref, result_ref } = (await run({ action: 'put', data })) as {
      ref: string;
      result_ref: JsonObject;
    };
    for (const written of [ref, result_ref]) {
      expect(await run({ action: 'get' }, { result_ref: written })).toEqual(data);
    }
  });

  test('a stored list stays a reference, and tells its length', async () => {
    const { _ref } = values.stored([1, 2, 3]) as { _ref: { ref: string } };
    expect(await run({}, { ref: _ref.ref })).toMatchObject({
      _ref: { kind: 'list', ref: _ref.ref, count: 3 },
    });
  });
});

describe('refused is', () => {
  test.each<[string, Json]>([
    ['text', 'elsewhere'],
    ['a reference of others', 'gs://bucket/x'],
    ['nothing', null],
  ])('%s as a reference', async (_, ref) => {
    expect(await outcome({ action: 'get' }, { ref })).toMatchObject({
      status: 'error',
      error: { code: 'VALUE_MISSING', kind: 'missing_reference' },
    });
  });

  test.each<[string, JsonObject]>([
    ['another action', { action: 'burn' }],
    ['a time that is none', { action: 'put', data: 1, ttl: 'soon' }],
  ])('%s', async (_, config) => {
    expect(await outcome(config)).toMatchObject({ status: 'error', error: { code: 'TOOL_CONFIG' } });
  });
});

test.each<[Json, number]>([
  [90, 90],
  ['15m', 900],
  ['1.5h', 5_400],
  ['7d', 604_800],
])('%j is %d seconds', (written, seconds) => {
  expect(secondsOf(written)).toBe(seconds);
});
