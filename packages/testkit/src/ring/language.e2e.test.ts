/**
 * The language, corner by corner: small playbooks of both generations, run on real services, with what must come out
 * of each (`packages/testkit/language`, in the form that `npm run conformance` reads).
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import type { CaseOutcome } from '../conformance/run-case.ts';

const FOLDER = fileURLToPath(new URL('../../language/', import.meta.url));
const RUNNER = fileURLToPath(new URL('../../dist/conformance/main.js', import.meta.url));

test('every playbook comes out as its case says', async () => {
  const run = promisify(execFile)(process.execPath, [RUNNER, FOLDER, '--json']);
  // Failed cases make an exit code; what they say is in the output all the same.
  const { stdout } = await run.catch((error: unknown) => error as { stdout: string });
  const lines = stdout.trim().split('\n');
  const outcomes = lines.slice(0, -1).map((line) => JSON.parse(line) as CaseOutcome);
  expect(outcomes.length).toBeGreaterThan(80);
  expect(
    outcomes.filter(({ verdict }) => verdict !== 'passed').map(({ id, reason }) => [id, reason]),
  ).toEqual([]);
}, 300_000);
