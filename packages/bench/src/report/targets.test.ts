/** Targets are judged by the rows of a run alone. */
import { describe, expect, test } from '@jest/globals';
import type { Row } from '../scenario.ts';
import { verdicts } from './targets.ts';

function rows(values: Record<string, number>): Row[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    label: key,
    unit: 'items/s',
    value,
    samples: [value],
  }));
}

function judged(values: Record<string, number>): Record<string, [number, boolean]> {
  return Object.fromEntries(
    verdicts(rows(values)).flatMap(({ what, value, met }) =>
      value === undefined || met === undefined ? [] : [[what, [value, met]]],
    ),
  );
}

const JS = 'heavy_loop/javascript/parallel';

describe('targets', () => {
  test('without rows none is judged', () => {
    expect(judged({})).toEqual({});
    expect(verdicts([]).length).toBeGreaterThan(10);
  });

  test.each([
    [6_000, true],
    [5_999, false],
  ])('a loop of %d items/s over a naive design of 100: met is %s', (value, met) => {
    const found = judged({ [`${JS}/100000/100`]: value, 'naive/javascript/parallel': 100 });
    expect(found['JavaScript, 100k, over the naive design']).toEqual([value / 100, met]);
  });

  test('peers are held against the loop of their own size', () => {
    const found = judged({
      [`${JS}/10000/100`]: 50_000,
      [`${JS}/100000/100`]: 90_000,
      'peers/restate/tree/10000/100': 2_000,
      'peers/restate/tree/100000/100': 1_800,
      'peers/bullmq/flow/10000/100': 5_000,
      'peers/graphile-worker/chunks/10000/100': 1,
    });
    expect(found).toMatchObject({
      '10000 items, over peers/restate/tree/10000/100': [25, false],
      '100000 items, over peers/restate/tree/100000/100': [50, true],
      '10000 items, over peers/bullmq/flow/10000/100': [10, true],
    });
    expect(Object.keys(found).join()).not.toContain('peers/graphile-worker/chunks');
  });

  test.each([
    [1_000, 50, true],
    [999, 49.95, undefined],
  ])('a peer that was broken off is beaten, or nobody knows: %d items/s', (ours, factor, met) => {
    const broken = {
      key: 'peers/restate/tree/100000/100',
      label: 'tree',
      unit: 'items/s',
      value: NaN,
    } as const;
    const found = verdicts([...rows({ [`${JS}/100000/100`]: ours }), { ...broken, samples: [], below: 20 }]);
    expect(found).toContainEqual(
      expect.objectContaining({ what: '100000 items, over tree', value: factor, isLowerBound: true, met }),
    );
  });

  test.each([
    [150, 200, true],
    [150, 300, false],
    [500, 513, false],
  ])('memory of %d MB at 10k and %d MB at 1M: met is %s', (few, many, met) => {
    const found = judged({ 'memory/api/10000': few, 'memory/api/1000000': many });
    expect(found['peak memory of api, 1M items']).toEqual([many, met]);
  });

  test.each([
    ['steps/python/p99', 24.9, true],
    ['steps/python/p99', 25, false],
    ['fairness/p99', 2_100, false],
    ['scale_out/speed_up/8', 7, true],
  ])('%s of %d: met is %s', (key, value, met) => {
    expect(Object.values(judged({ [key]: value }))).toEqual([[value, met]]);
  });
});
