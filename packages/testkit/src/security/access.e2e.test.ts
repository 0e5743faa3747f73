/** Every attack on routes, roles, prefixes, hosts and origins is stopped; and what is allowed is let through. */
import { expect, test } from '@jest/globals';
import { corpus as hosts } from './corpora/hosts.ts';
import { corpus as routes } from './corpora/routes.ts';
import { runCorpora, summaryOf } from './run.ts';

test.each([routes, hosts])(
  '$name: all attacks are stopped',
  async (corpus) => {
    const { through, attacks } = summaryOf(await runCorpora([corpus]));
    expect(through).toEqual([]);
    expect(attacks).toBeGreaterThan(100);
  },
  180_000,
);
