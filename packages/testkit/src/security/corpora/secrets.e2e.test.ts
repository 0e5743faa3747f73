/** Every attack of the corpus is stopped. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { OpenCorpus } from '../corpus.ts';
import { corpus } from './secrets.ts';

const AT_ONCE = 4;

let open: OpenCorpus;

beforeAll(async () => {
  open = await corpus.open();
});

afterAll(() => open.close());

test('every attack is stopped', async () => {
  expect(open.attacks.length).toBeGreaterThanOrEqual(30);
  const through: string[] = [];
  const waiting = [...open.attacks];
  const attacker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { blocked, how } = await next.attempt();
      if (!blocked) through.push(`${next.name}: ${how}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, attacker));
  expect(through).toEqual([]);
}, 300_000);
