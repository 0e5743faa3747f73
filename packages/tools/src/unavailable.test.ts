/** Kinds without a tool behind them say so, and what to use. */
import { afterAll, expect, test } from '@jest/globals';
import { runBatch } from './harness.ts';
import { createToolbox } from './index.ts';
import { unavailable } from './unavailable.ts';

const toolbox = createToolbox({ runners: 1 });

afterAll(() => toolbox.close());

test.each(unavailable.map(({ kind }) => [kind]))('%s', async (kind) => {
  const outcomes = await runBatch(toolbox, kind, '', [{}, {}]);
  expect(outcomes.length).toBe(2);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ status: 'error', error: { code: 'TOOL_UNAVAILABLE', retryable: false } });
    expect(outcome).toHaveProperty('error.message', expect.stringMatching(/`\w+|keychain/));
  }
});
