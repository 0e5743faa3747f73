/** When schedules are due: cron and interval, time zones, days of changing clocks, and runs that were missed. */
import { describe, expect, test } from '@jest/globals';
import { checkWhen, dueTimes, nextRun, type When } from './schedules.ts';

const cron = (expression: string, timezone = 'UTC'): When => ({
  cron: expression,
  interval_seconds: null,
  timezone,
});
const every = (seconds: number): When => ({ cron: null, interval_seconds: seconds, timezone: 'UTC' });
const at = (text: string): Date => new Date(text);

describe('the next run', () => {
  test.each([
    [cron('0 6 * * *'), '2026-01-01T05:59:59Z', '2026-01-01T06:00:00.000Z'],
    [cron('0 6 * * *', 'Europe/Berlin'), '2026-01-01T00:00:00Z', '2026-01-01T05:00:00.000Z'],
    [cron('0 6 * * *', 'Europe/Berlin'), '2026-07-01T00:00:00Z', '2026-07-01T04:00:00.000Z'],
    // The night in which 02:30 does not exist: the first moment after it.
    [cron('30 2 * * *', 'Europe/Berlin'), '2026-03-29T00:00:00Z', '2026-03-29T01:30:00.000Z'],
    // The night in which 02:30 comes twice: once.
    [cron('30 2 * * *', 'Europe/Berlin'), '2026-10-25T00:30:01Z', '2026-10-26T01:30:00.000Z'],
    [cron('*/5 * * * * *'), '2026-01-01T00:00:02Z', '2026-01-01T00:00:05.000Z'],
    [cron('0 0 29 2 *'), '2026-01-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    [every(90), '2026-01-01T00:00:00Z', '2026-01-01T00:01:30.000Z'],
  ])('%j after %s', (when, after, expected) => {
    expect(nextRun(when, at(after))?.toISOString()).toBe(expected);
  });
});

describe('what is due', () => {
  test.each([
    ['nothing yet', every(60), '00:01:00', '00:00:59', [], '00:01:00'],
    ['one', every(60), '00:01:00', '00:01:00', ['00:01:00'], '00:02:00'],
    ['three missed', every(60), '00:01:00', '00:03:30', ['00:01:00', '00:02:00', '00:03:00'], '00:04:00'],
    ['by cron', cron('*/10 * * * *'), '00:10:00', '00:25:00', ['00:10:00', '00:20:00'], '00:30:00'],
  ])('%s', (_, when, planned, now, due, next) => {
    const day = (time: string): Date => at(`2026-01-01T${time}Z`);
    const found = dueTimes(when, day(planned), day(now));
    expect(found).toEqual({ due: due.map(day), next: day(next) });
  });

  test('after a long absence, the last hundred', () => {
    const { due, next } = dueTimes(every(1), at('2020-01-01T00:00:00Z'), at('2026-01-01T00:00:00Z'));
    expect(due).toHaveLength(100);
    expect(due.at(-1)).toEqual(at('2026-01-01T00:00:00Z'));
    expect(next).toEqual(at('2026-01-01T00:00:01Z'));
  });
});

test.each([
  ['both', { cron: '* * * * *', interval_seconds: 5, timezone: 'UTC' }, 'either'],
  ['neither', { cron: null, interval_seconds: null, timezone: 'UTC' }, 'either'],
  ['a cron that cannot be read', cron('every day'), 'cannot be read'],
  ['a day that never comes', cron('0 0 31 2 *'), 'never comes true'],
  ['an interval of nothing', every(0), 'at least 1'],
  ['a zone that is none', cron('* * * * *', 'Mars/Base'), 'no time zone "Mars/Base"'],
])('%s is refused', (_, when, message) => {
  expect(() => checkWhen(when)).toThrow(message);
});
