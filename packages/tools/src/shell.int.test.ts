/** Shell commands as real processes: what they see, what they leave and how they end. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '@noetl/protocol';
import { waitFor } from '@noetl/testkit';
import { MemoryValues, runBatch, type RunOptions } from './harness.ts';
import { createToolbox, type Toolbox, type ToolOutcome } from './index.ts';

let toolbox: Toolbox;
let dir: string;

beforeAll(() => {
  toolbox = createToolbox({ runners: 1, allowed: ['shell'] });
  dir = mkdtempSync(join(tmpdir(), 'shell-'));
});

afterAll(async () => {
  await toolbox.close();
  rmSync(dir, { recursive: true });
});

async function run(config: JsonObject, input: JsonObject = {}, options: RunOptions = {}) {
  const [outcome] = await runBatch(toolbox, 'shell', '', [input], { ...options, config });
  if (!outcome) throw new Error('no outcome');
  return outcome;
}

const valueOf = (outcome: ToolOutcome) => JSON.parse(outcome.text ?? 'null') as JsonObject;

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${String(pid)}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

const pidIn = (file: string) => Number(readFileSync(join(dir, file), 'utf8'));

test.each<[string, JsonObject]>([
  ['cmds', { cmds: ['echo one', 'echo two >&2; echo three'] }],
  ['cmd', { cmd: 'echo one; echo three; echo two >&2' }],
  ['command', { command: 'echo one; echo three; echo two >&2' }],
  ['shell', { shell: 'echo one; echo three; echo two >&2' }],
])('%s', async (_, config) => {
  const value = valueOf(await run(config));
  expect(value).toMatchObject({ stdout: 'one\nthree\n', stderr: 'two\n', exit_code: 0, success: true });
});

test('the first failure ends the commands, with what was printed', async () => {
  const outcome = await run({ cmds: ['echo a', 'echo b; echo broken >&2; exit 3', 'echo c'] });
  expect(outcome).toMatchObject({
    status: 'error',
    error: {
      code: 'TOOL_FAILED',
      message: 'command 2 ended with exit code 3: broken',
      details: { exit_code: 3, stderr: 'broken' },
    },
  });
  const value = valueOf(outcome);
  expect(value).toMatchObject({ stdout: 'a\nb\n', exit_code: 3, success: false });
  expect((value['results'] as Json[]).length).toBe(2);
});

test('death by a signal counts as shells count it', async () => {
  const outcome = await run({ cmd: 'kill -9 $$' });
  expect(valueOf(outcome)).toMatchObject({ exit_code: 137, success: false });
});

test('of the worker only PATH, HOME and LANG are seen; the input is JSON in NOETL_INPUT', async () => {
  process.env['SECRET_OF_THE_WORKER'] = 'x';
  const values = new MemoryValues();
  const input = { a: 1, text: `'; echo "`, list: values.stored([1, 2]) };
  const config = {
    cmds: ['env | cut -d= -f1 | sort | tr "\\n" " "', 'printf %s "$NOETL_INPUT"'],
    env: { N: 5 },
  };
  const value = valueOf(await run(config, input, { environment: { values } }));
  const [names, given] = (value['results'] as JsonObject[]).map((result) => result['stdout'] as string);
  expect(new Set(names?.trim().split(' '))).not.toContain('SECRET_OF_THE_WORKER');
  const known = ['HOME', 'LANG', 'N', 'NOETL_INPUT', 'OLDPWD', 'PATH', 'PWD', 'SHLVL', '_'];
  expect(
    names
      ?.trim()
      .split(' ')
      .filter((name) => !known.includes(name)),
  ).toEqual([]);
  expect(JSON.parse(given ?? '')).toEqual({ a: 1, text: `'; echo "`, list: [1, 2] });
});

test('cwd, and one that is not there', async () => {
  expect(valueOf(await run({ cmd: 'pwd', cwd: dir }))['stdout']).toContain('shell-');
  const outcome = await run({ cmd: 'pwd', cwd: join(dir, 'missing') });
  expect(outcome).toMatchObject({ status: 'error', error: { code: 'TOOL_CONFIG' } });
});

test('too much input for a process is said to be that', async () => {
  const outcome = await run({ cmd: 'true' }, { text: 'x'.repeat(3_000_000) });
  expect(outcome).toMatchObject({ status: 'error', error: { code: 'TOOL_CONFIG' } });
});

test.each<[string, JsonObject]>([
  ['nothing', {}],
  ['an empty list', { cmds: [] }],
  ['an empty command', { cmds: ['echo', ' '] }],
  ['env that is no mapping', { cmd: 'true', env: 'x' }],
])('refused: %s', async (_, config) => {
  expect(await run(config)).toMatchObject({ status: 'error', error: { code: 'TOOL_CONFIG' } });
});

test('output is cut at 1 MiB, over all commands', async () => {
  const flood = "head -c 3000000 /dev/zero | tr '\\0' x";
  const value = valueOf(await run({ cmds: [flood, flood] }));
  const stdout = value['stdout'] as string;
  expect(stdout.length).toBeLessThan(1_060_000);
  expect(stdout).toContain('[cut: 1951424 more bytes]');
});

test('a time-out kills the whole process group, also what ignores SIGTERM', async () => {
  const cmd = `trap "" TERM; sh -c 'trap "" TERM; echo $$ > child; while :; do sleep 0.1; done' & wait; sleep 60`;
  const outcome = await run({ cmd, cwd: dir }, {}, { environment: { timeout_ms: 1_000 } });
  expect(outcome).toMatchObject({ status: 'error', error: { code: 'TOOL_TIMEOUT', kind: 'timeout' } });
  // Killed it is; when it is gone, the kernel decides.
  await waitFor(() => !alive(pidIn('child')), { what: 'the end of the group' });
});

test('an abort ends the batch and the processes', async () => {
  const controller = new AbortController();
  const running = run(
    { cmd: 'echo $$ > aborted; sleep 60', cwd: dir },
    {},
    {
      environment: { signal: controller.signal },
    },
  );
  running.catch(() => undefined);
  await waitFor(() => existsSync(join(dir, 'aborted')) && pidIn('aborted') > 0, { what: 'the command' });
  controller.abort(new Error('lease lost'));
  await expect(running).rejects.toThrow('lease lost');
  expect(alive(pidIn('aborted'))).toBe(false);
});

test('what is left in the background ends with the command', async () => {
  const outcome = await run({ cmd: 'sleep 60 & echo $! > left', cwd: dir });
  expect(outcome.status).toBe('ok');
  await sleep(50);
  expect(alive(pidIn('left'))).toBe(false);
});
