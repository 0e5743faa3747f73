/** The schedule of a chaos run follows from its seed. */
import { expect, test } from '@jest/globals';
import { isKill, scheduleOf } from './schedule.ts';

test('the same seed gives the same schedule, another seed another one', () => {
  expect(scheduleOf({ seed: 7, kills: 50 })).toEqual(scheduleOf({ seed: 7, kills: 50 }));
  expect(scheduleOf({ seed: 7, kills: 50 })).not.toEqual(scheduleOf({ seed: 8, kills: 50 }));
});

test('as many kills as asked for, and NATS wiped five times in a thousand', () => {
  for (const kills of [1, 20, 1_000]) {
    const schedule = scheduleOf({ seed: 1, kills: kills });
    expect(schedule.filter(({ kind }) => isKill(kind))).toHaveLength(kills);
  }
  expect(scheduleOf({ seed: 1, kills: 1_000 }).filter(({ kind }) => kind === 'wipe_nats')).toHaveLength(5);
});

test('twenty kills reach everything that can be killed', () => {
  const kinds = new Set(scheduleOf({ seed: 3, kills: 20 }).map(({ kind }) => kind));
  for (const kind of ['kill_worker', 'kill_api', 'kill_aggregator', 'wipe_nats', 'crash_postgres'] as const)
    expect(kinds).toContain(kind);
});
