/** A guard that was weakened on purpose makes the attacks that it should stop get through: the corpora can fail. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { WEAKENINGS } from './catalog.ts';
import type { Summary } from './run.ts';

const MAIN = fileURLToPath(new URL('../../dist/security/main.js', import.meta.url));
const TIMEOUT_MS = 180_000;

test.each(Object.keys(WEAKENINGS))(
  '%s is noticed',
  async (name) => {
    const { code, output } = await run(['--weaken', name, '--first', '--json']);
    const { through } = JSON.parse(output) as Summary;
    expect(through).toHaveLength(1);
    expect(WEAKENINGS[name]).toContain(through[0]?.corpus);
    expect(code).toBe(1);
  },
  TIMEOUT_MS,
);

function run(args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
