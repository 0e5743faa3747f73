/** Whatever goes wrong, no run breaks a promise; what is broken on purpose is found; a seed tells all. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MUTATIONS, type Mutation } from './mutation.ts';
import { run } from './run.ts';

const SEEDS_MAX = 0x7fff_ffff;
const RUNS = 120;
/** Each mutation is found in one of some twenty runs or fewer. */
const MUTATED_RUNS_MAX = 600;

test('no run under faults breaks a promise', () => {
  const seeds = fc.integer({ min: 1, max: SEEDS_MAX });
  const property = fc.property(seeds, (seed) => {
    expect(run(seed).violation).toBeUndefined();
  });
  fc.assert(property, { seed: 20_261_126, numRuns: RUNS, endOnFailure: true });
});

test('the same seed twice gives the same log', () => {
  const logs = (): string[] => [3, 71, 4_711].map((seed) => run(seed).log.join('\n'));
  const first = logs();
  expect(logs()).toEqual(first);
  expect(new Set(first).size).toBe(first.length);
});

const EXPECTED: Record<Mutation, RegExp> = {
  'no-fence': /is stored twice|open chunks|counts \d+ of/,
  'ack-first': /is acknowledged while it is leased/,
  'kv-add': /^K\/V shows \d+ of loop .*, Postgres has/,
  'no-lock': /does not come after event|is below|second end|status of an ended/,
};

test.each(Object.keys(MUTATIONS) as Mutation[])('mutation %s is found', (mutation) => {
  const found = firstViolation(mutation, EXPECTED[mutation]);
  expect(found).toMatch(EXPECTED[mutation]);
});

/** The first violation of this kind. */
function firstViolation(mutation: Mutation, kind: RegExp): string | undefined {
  for (let seed = 1; seed <= MUTATED_RUNS_MAX; seed += 1) {
    const { violation } = run(seed, mutation);
    if (violation !== undefined && kind.test(violation)) return violation;
  }
  return undefined;
}
