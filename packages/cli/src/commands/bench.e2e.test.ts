/** `noetl bench` as a user runs it: against a platform that is there, alone and with workers of its own. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startPlatform, type TestPlatform } from '@noetl/testkit';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

let platform: TestPlatform;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'noetl-load-'));
  platform = await startPlatform({ workers: 0 });
});

afterAll(async () => {
  await platform.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Exit code and what was said; `services` gives the program what a worker needs. */
async function bench(
  args: string[],
  services: boolean,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { NODE_OPTIONS: _, DATABASE_URL: __, NATS_URL: ___, ...rest } = process.env;
  const env = {
    ...rest,
    NOETL_SERVER_URL: platform.url,
    ...(services && { DATABASE_URL: platform.databaseUrl, NATS_URL: platform.natsUrl }),
  };
  const running = promisify(execFile)(process.execPath, [main, 'bench', ...args], { env });
  return running.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  );
}

test('counts every item of every execution, with workers that it starts and stops', async () => {
  const report = join(dir, 'load.html');
  const args = ['--items', '60', '--executions', '2', '--workers', '1', '--json', '--report', report];
  const { code, stdout, stderr } = await bench(args, true);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const outcome = JSON.parse(stdout) as Record<string, number>;
  expect(outcome).toMatchObject({
    status: 'PASSED',
    executions: 2,
    completed: 2,
    items: 60,
    succeeded_items: 120,
    mode: 'parallel',
    language: 'python',
    failed: [],
  });
  for (const figure of ['items_per_second', 'loop_seconds', 'request_p50_seconds', 'request_p99_seconds'])
    expect(outcome[figure]).toBeGreaterThan(0);
  const page = await readFile(report, 'utf8');
  expect(page).toContain('<svg');
  expect(page).toContain('2 of 2');
});

test.each([
  [['--workers', '1'], false, 'DATABASE_URL'],
  [['--items', '0'], true, '--items'],
  [['--mode', 'sideways'], true, '--mode'],
])('wrong usage ends with 2 and says what: %j', async (args, services, said) => {
  const { code, stderr } = await bench(args, services);
  expect(code).toBe(2);
  expect(stderr).toContain(said);
});
