/** Each runner process that is not used again is told with its reason; one that works on is not. */
import { afterEach, expect, test } from '@jest/globals';
import { runBatch } from '../harness.ts';
import { createToolbox, type Toolbox, type ToolboxOptions } from '../index.ts';

let toolbox: Toolbox | undefined;

afterEach(async () => {
  await toolbox?.close();
});

/** What is told while the code runs once for each input. */
async function ends(
  code: string,
  inputs: number,
  options: Parameters<typeof runBatch>[4] = {},
  more: Partial<ToolboxOptions> = {},
): Promise<string[]> {
  const told: string[] = [];
  const runnerEnded = (language: string, reason: string): void => void told.push(`${language}: ${reason}`);
  toolbox = createToolbox({ runners: 1, runnerEnded, ...more });
  const items = Array.from({ length: inputs }, (_, n) => ({ n }));
  await runBatch(toolbox, 'python', code, items, options);
  return told;
}

test('code that works, or raises, keeps its runner', async () => {
  expect(await ends('result = 1 / n', 3)).toEqual([]);
});

test('code that ends its process', async () => {
  expect(await ends('import os\nos._exit(3)', 1)).toEqual(['python: crash']);
});

test('code that takes too long', async () => {
  const environment = { timeout_ms: 100 };
  expect(await ends('import time\ntime.sleep(60)', 1, { environment })).toEqual(['python: timeout']);
});

test('a language that is not there', async () => {
  expect(await ends('result = 1', 1, {}, { python: { program: '/nowhere/python3', reads: [] } })).toEqual([
    'python: unavailable',
  ]);
});
