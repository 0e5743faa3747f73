/** Which runs of a peer count, when there is another, and how long it may take. */
import { describe, expect, test } from '@jest/globals';
import type { Timing } from './messages.ts';
import { failedOf, runsOf } from './runs.ts';
import { TooSlow } from './trial.ts';

const PLAN = { times: 3, enoughS: 60, limitMs: 600_000 };

/** Runs that end, or do not, as told, and the limit that each of them got. */
async function runs(outcomes: (Timing | Error)[], plan = PLAN) {
  const limits: number[] = [];
  const found = await runsOf(plan, (round, limitMs) => {
    limits.push(limitMs);
    const outcome = outcomes[round - 1] ?? new Error('nobody asked for this run');
    return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
  });
  return { ...found, limits };
}

const took = (collected: number): Timing => ({ enqueued: 0, collected });

describe('runs of a peer', () => {
  test('that all ended', async () => {
    const found = await runs([took(5), took(6), took(7)]);
    expect(found.timings).toEqual([took(5), took(6), took(7)]);
    expect(failedOf(found)).toEqual({});
  });

  test('one that did not is told beside those that did', async () => {
    const found = await runs([took(5), new TooSlow(60), took(7)]);
    expect(found.timings).toEqual([took(5), took(7)]);
    expect(failedOf(found)).toEqual({ failed: '1 of 3 runs: not done within 60 s' });
  });

  test('one that fails before any has ended is tried again', async () => {
    const found = await runs([new Error('a worker ended'), took(6), took(7)]);
    expect(found.timings).toEqual([took(6), took(7)]);
  });

  test('one that is too slow before any has ended is the last', async () => {
    const found = await runs([new TooSlow(600), took(6)]);
    expect(found.timings).toEqual([]);
    expect(found.limits).toHaveLength(1);
  });

  test('none follows one that took long enough', async () => {
    const found = await runs([took(5)], { ...PLAN, enoughS: 0 });
    expect(found.limits).toHaveLength(1);
  });

  test('what takes ten times as long as another is stuck, but not before a minute', async () => {
    expect((await runs([took(5), took(5), took(5)])).limits).toEqual([600_000, 60_000, 60_000]);
    expect((await runs([took(20), took(5), took(5)])).limits).toEqual([600_000, 200_000, 60_000]);
    expect((await runs([took(100), took(5), took(5)])).limits).toEqual([600_000, 600_000, 60_000]);
  });
});
