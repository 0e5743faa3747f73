/** The transition tables, cell by cell, against a list written by hand. */
import { expect, test } from '@jest/globals';
import { PHASE_TRANSITIONS, STEP_TRANSITIONS } from './transitions.ts';

const step = (table: typeof STEP_TRANSITIONS): string[] =>
  Object.entries(table).flatMap(([from, row]) =>
    Object.entries(row).map(([event, to]) => `${from} ${event} → ${to}`),
  );

test('steps', () => {
  expect(step(STEP_TRANSITIONS).filter((cell) => !cell.endsWith('ignored'))).toEqual([
    'waiting enter → running',
    'waiting skip → skipped',
    'waiting reset → waiting',
    'running exit → exited',
    'exited route → completed',
    'completed enter → running',
    'completed skip → skipped',
    'completed reset → completed',
    'failed enter → running',
    'failed skip → skipped',
    'failed reset → failed',
    'skipped enter → running',
    'skipped reset → waiting',
  ]);
  expect(step(STEP_TRANSITIONS)).toHaveLength(6 * 5);
});

test('executions: once ended, nothing but a redrive moves them', () => {
  const cells = Object.entries(PHASE_TRANSITIONS).flatMap(([from, row]) =>
    Object.entries(row).map(([event, to]) => `${from} ${event} → ${to}`),
  );
  expect(cells.filter((cell) => !cell.endsWith('ignored'))).toEqual([
    'new start → running',
    'new cancel → cancelled',
    'running complete → completed',
    'running fail → failed',
    'running cancel → cancelled',
    'completed redrive → running',
    'failed redrive → running',
    'cancelled redrive → running',
  ]);
  expect(cells).toHaveLength(5 * 5);
});
