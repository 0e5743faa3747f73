/** The progress line of a loop. */
import { expect, test } from '@jest/globals';
import { clock } from './terminal.ts';
import { loopProgress } from './watch.ts';

const loop = { total: 10_000, pending: 4000, running: 500, succeeded: 5498, failed: 2, aborted: 0 };

test.each([
  [{ ...loop, items_per_second: 1500 }, 'work 5,500 / 10,000 (55 %), 1,500 items/s, 0:03 left, 2 failed'],
  [{ ...loop, failed: 0, items_per_second: 0 }, 'work 5,498 / 10,000 (54 %)'],
  [
    { ...loop, succeeded: 10_000, failed: 0, items_per_second: 99.6 },
    'work 10,000 / 10,000 (100 %), 100 items/s',
  ],
  [{ ...loop, total: 0, succeeded: 0, failed: 0, items_per_second: 0 }, 'work 0 / 0 (100 %)'],
])('%#', (counters, expected) => {
  expect(loopProgress('work', counters)).toBe(expected);
});

test.each([
  [0, '0:00'],
  [75.4, '1:15'],
  [3725, '1:02:05'],
])('%d seconds read %s', (seconds, expected) => {
  expect(clock(seconds)).toBe(expected);
});
