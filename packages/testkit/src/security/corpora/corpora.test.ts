/** Every attack of every corpus is blocked. */
import { afterAll, describe, expect, test } from '@jest/globals';
import type { OpenCorpus } from '../corpus.ts';
import { corpus as inputs } from './inputs.ts';
import { corpus as sql } from './sql.ts';
import { corpus as ssrf } from './ssrf.ts';
import { corpus as templates } from './templates.ts';

/** A machine may be busy; alone, none takes more than 20 s. */
const TIMEOUT_MS = 180_000;

describe.each([templates, ssrf, inputs, sql])('$name', (corpus) => {
  let open: OpenCorpus | undefined;

  afterAll(() => open?.close());

  test(
    'all attacks are blocked',
    async () => {
      open = await corpus.open();
      const through: string[] = [];
      for (const attack of open.attacks) {
        const { blocked, how } = await attack.attempt();
        if (!blocked) through.push(`${attack.name}: ${how}`);
      }
      expect(through).toEqual([]);
      expect(open.attacks.length).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
