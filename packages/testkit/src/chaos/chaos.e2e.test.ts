/** A short chaos run; long ones are `npm run chaos`. */
import { expect, test } from '@jest/globals';
import { isGood } from './report.ts';
import { runChaos } from './run.ts';

const LIMIT_MS = 180_000;

test(
  'nothing is lost, doubled, joined early or stuck while processes are killed',
  async () => {
    const lines: string[] = [];
    const verdict = await runChaos({
      // Everything that can be killed is.
      seed: 33,
      kills: 7,
      items: 2_000,
      workers: 2,
      ack_wait_s: 2,
      links: true,
      log: (line) => lines.push(line),
    });
    expect({ ...verdict, good: isGood(verdict) }).toMatchObject({
      wrong: [],
      good: true,
      kills: 7,
      stuck: 0,
    });
    expect(verdict.items).toBeGreaterThanOrEqual(2_000);
    expect(lines.filter((line) => line.includes('/7 '))).not.toEqual([]);
  },
  LIMIT_MS,
);
