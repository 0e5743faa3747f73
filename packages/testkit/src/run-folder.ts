/**
 * The folder of this test run: what is shared between jest's worker processes, and the pid file of every process
 * that must not outlive the run (`jest/runs.mjs` ends them).
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from './wait.ts';

let ownFolder: string | undefined;

/** Made by jest's global setup; outside jest each process has a folder of its own. */
export function runFolder(): string {
  const given = process.env.NOETL_TEST_RUN_DIR;
  if (given !== undefined) return given;
  ownFolder ??= mkdtempSync(join(tmpdir(), `noetl-test-${String(process.pid)}-`));
  return ownFolder;
}

/** Remembers a process to end with the run; call the result when it has ended by itself. */
export function endWithRun(pid: number): () => void {
  const file = join(runFolder(), `${String(pid)}.pid`);
  writeFileSync(file, String(pid));
  return () => rmSync(file, { force: true });
}

/** Runs `make` once per test run, in whichever process asks first; all others get the same value. */
export async function oncePerRun<T>(name: string, make: () => Promise<T>): Promise<T> {
  const folder = runFolder();
  const file = join(folder, `${name}.json`);
  try {
    await mkdir(join(folder, `${name}.made`));
  } catch {
    const text = await waitFor(() => readFile(file, 'utf8').catch(() => undefined), {
      what: `${name} of this run`,
    });
    const outcome = JSON.parse(text) as { value: T } | { failure: string };
    if ('failure' in outcome) throw new Error(outcome.failure);
    return outcome.value;
  }
  let outcome: { value: T } | { failure: string };
  try {
    outcome = { value: await make() };
  } catch (error) {
    outcome = { failure: String(error) };
  }
  await writeFile(`${file}.part`, JSON.stringify(outcome));
  await rename(`${file}.part`, file);
  if ('failure' in outcome) throw new Error(outcome.failure);
  return outcome.value;
}

/** A name that no other call of this run gets: jest loads this module anew for each test file of a process. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`;
}
