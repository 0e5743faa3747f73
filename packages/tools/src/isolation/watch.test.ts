/** Which limit a runner is over, in the words that its author reads. */
import { expect, test } from '@jest/globals';
import { DEFAULT_LIMITS } from './isolation.ts';
import { excess } from './watch.ts';

const nothing = { memoryMb: 0, processes: 1 };
const atOnce = { cpuSeconds: 0, itemSeconds: 0 };

test('what is within all limits goes on, up to the limit itself', () => {
  expect(excess(nothing, atOnce, DEFAULT_LIMITS)).toBeUndefined();
  const { memoryMb, processes, cpuSeconds, itemSeconds } = DEFAULT_LIMITS;
  expect(excess({ memoryMb, processes }, { cpuSeconds, itemSeconds }, DEFAULT_LIMITS)).toBeUndefined();
});

test.each([
  ['memory', { memoryMb: 2_049, processes: 1 }, atOnce, 'NOETL_RUNNER_MEMORY_MB'],
  ['processes', { memoryMb: 1, processes: 257 }, atOnce, 'NOETL_RUNNER_PROCESSES'],
  ['processor time', nothing, { cpuSeconds: 3_601, itemSeconds: 1 }, 'NOETL_RUNNER_CPU_SECONDS'],
  ['time', nothing, { cpuSeconds: 1, itemSeconds: 86_401 }, 'NOETL_RUNNER_ITEM_SECONDS'],
])('%s', (_, usage, spent, setting) => {
  expect(excess(usage, spent, DEFAULT_LIMITS)).toContain(`(${setting})`);
});
