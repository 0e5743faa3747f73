/** Every attack of every corpus is blocked. */
import { expect, test } from '@jest/globals';
import { runCorpora, summaryOf } from '../run.ts';
import { corpus as inputs } from './inputs.ts';
import { corpus as sql } from './sql.ts';
import { corpus as ssrf } from './ssrf.ts';
import { corpus as templates } from './templates.ts';

/** A machine may be busy; alone, none takes more than 20 s. */
const TIMEOUT_MS = 180_000;

test.each([templates, ssrf, inputs, sql])(
  '$name: all attacks are blocked',
  async (corpus) => {
    const { through, attacks } = summaryOf(await runCorpora([corpus]));
    expect(through).toEqual([]);
    expect(attacks).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);
