/** Every attack on routes, roles, prefixes, hosts and origins is stopped; and what is allowed is let through. */
import { afterAll, describe, expect, test } from '@jest/globals';
import type { OpenCorpus } from './corpus.ts';
import { corpus as hosts } from './corpora/hosts.ts';
import { corpus as routes } from './corpora/routes.ts';

describe.each([routes, hosts])('$name', (corpus) => {
  let open: OpenCorpus | undefined;

  afterAll(() => open?.close());

  test('all attacks are stopped', async () => {
    open = await corpus.open();
    const through: string[] = [];
    for (const attack of open.attacks) {
      const { blocked, how } = await attack.attempt();
      if (!blocked) through.push(`${attack.name}: ${how}`);
    }
    expect(through).toEqual([]);
    expect(open.attacks.length).toBeGreaterThan(100);
  }, 180_000);
});
