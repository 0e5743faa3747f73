/** `noetl dev` as a user starts it: ready, the two curl calls, run --watch, Ctrl-C, and the data is still there. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort } from '@noetl/cli/local';
import { waitFor } from '@noetl/testkit';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const HEAVY = fileURLToPath(
  new URL('../../../playbooks/load_test/heavy_loop_aggregation/heavy_loop_aggregation.yaml', import.meta.url),
);

let dir: string;
let port: number;
let url: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'noetl-dev-'));
  port = await freePort();
  url = `http://127.0.0.1:${String(port)}`;
});

afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function startDev(): Promise<ChildProcess> {
  const args = [MAIN, 'dev', '--port', String(port), '--data-dir', join(dir, 'state')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: withoutServices() });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await waitFor(() => output.includes('NoETL is ready') || child.exitCode !== null, {
    what: 'the welcome of noetl dev',
  });
  expect(output).toContain('NoETL is ready');
  return child;
}

function withoutServices(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, NATS_URL: __, NODE_OPTIONS: ___, ...env } = process.env;
  return env;
}

async function stopDev(child: ChildProcess): Promise<number | null> {
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

test('the first minute: start, register, execute, watch, stop, start again', async () => {
  const first = await startDev();
  const body = await readFile(HEAVY, 'utf8');
  const headers = { 'content-type': 'application/yaml' };
  const registered = await fetch(`${url}/api/catalog/register`, { method: 'POST', headers, body });
  expect(registered.ok).toBe(true);
  const executed = await fetch(`${url}/api/execute?wait=30`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"path": "load_test/heavy_loop_aggregation", "payload": {"workload": {"item_count": 500}}}',
  });
  const { execution_id, status } = (await executed.json()) as { execution_id: string; status: string };
  expect(status).toBe('COMPLETED');
  const watching = spawn(
    process.execPath,
    [MAIN, 'run', 'load_test/heavy_loop_aggregation', '--set', 'item_count=50', '--watch', '--server', url],
    { stdio: ['ignore', 'pipe', 'ignore'], env: withoutServices() },
  );
  let shown = '';
  watching.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  const [code] = (await once(watching, 'close')) as [number | null];
  expect([code, shown]).toEqual([0, expect.stringContaining('HEAVY LOAD LOOP TEST: PASSED')]);
  expect(await stopDev(first)).toBe(0);

  const second = await startDev();
  const kept = await fetch(`${url}/api/executions/${execution_id}`);
  expect(await kept.json()).toMatchObject({ execution_id, status: 'COMPLETED' });
  expect(await stopDev(second)).toBe(0);
}, 120_000);
