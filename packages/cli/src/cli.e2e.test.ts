/** The `noetl` program as a user meets it: real processes, exit codes, output; against a real platform. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './local/port.ts';
import { startPlatform, type TestPlatform } from '@noetl/testkit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const examples = fileURLToPath(new URL('../../../playbooks/examples/', import.meta.url));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the program to its end. */
async function noetl(args: string[], server?: string): Promise<Ended> {
  const { NODE_OPTIONS: _, DATABASE_URL: __, ...rest } = process.env;
  const env = { ...rest, ...(server !== undefined && { NOETL_SERVER_URL: server }) };
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
  ended.code = await new Promise((resolve) => child.once('close', resolve));
  return ended;
}

describe('without a server', () => {
  let nowhere: string;

  beforeAll(async () => {
    nowhere = `http://127.0.0.1:${String(await freePort())}`;
  });

  test.each(['--help', 'run --help', 'schedule add --help'])('%s explains itself', async (args) => {
    const { code, stdout } = await noetl(args.split(' '));
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: noetl');
  });

  test.each([
    'nonsense',
    'run',
    'demo --items many',
    'demo --delay -1',
    'demo --mode sideways',
    'schedule add x',
    'register /none',
    'worker',
  ])('wrong usage ends with 2: %s', async (args) => {
    const { code, stderr } = await noetl(args.split(' '));
    expect(code).toBe(2);
    expect(stderr).not.toBe('');
  });

  test('an unreachable server ends with 4 and says what to do', async () => {
    const { code, stderr } = await noetl(['status', '1'], nowhere);
    expect(code).toBe(4);
    expect(stderr).toMatch(/SERVER_UNREACHABLE: no answer from http.*ECONNREFUSED/);
    expect(stderr).toContain('npm start');
  });

  test('errors are JSON where JSON was asked for', async () => {
    const { code, stdout } = await noetl(['status', '1', '--json'], nowhere);
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'SERVER_UNREACHABLE' } });
  });
});

describe('with a server', () => {
  let platform: TestPlatform;
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'noetl-cli-'));
    platform = await startPlatform({ workers: 1 });
  });

  afterAll(async () => {
    await platform.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const run = (...args: string[]) => noetl(args, platform.url);

  test('register, run with --watch, status and events', async () => {
    const registered = await run('register', join(examples, 'hello_world.yaml'));
    expect(registered).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^examples\/hello_world version 1/),
    });

    const watched = await run('run', 'examples/hello_world', '--watch', '--json');
    expect(watched.code).toBe(0);
    const execution = lastJson(watched.stdout);
    expect(execution).toMatchObject({ status: 'COMPLETED', path: 'examples/hello_world' });
    const id = String(execution['execution_id']);

    const status = await run('status', id, '--json');
    expect(lastJson(status.stdout)).toMatchObject({ execution_id: id, status: 'COMPLETED' });

    const events = await run('events', id, '--json');
    const types = events.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event_type: string }).event_type);
    expect(types[0]).toBe('playbook.initialized');
    expect(types.at(-1)).toBe('playbook.completed');
  });

  test('a playbook that fails ends with 1 and its error', async () => {
    const file = join(dir, 'fails.yaml');
    await writeFile(file, playbook('cli/fails', `raise ValueError("no such thing")`));
    expect((await run('register', file)).code).toBe(0);
    const { code, stderr } = await run('run', 'cli/fails', '--watch');
    expect(code).toBe(1);
    expect(stderr).toContain('no such thing');
  });

  test('a cancelled execution ends the watching run with 3', async () => {
    const file = join(dir, 'waits.yaml');
    await writeFile(file, playbook('cli/waits', 'import time\nfor _ in range(600):\n    time.sleep(0.1)'));
    expect((await run('register', file)).code).toBe(0);
    const started = lastJson((await run('run', 'cli/waits', '--json', '--idempotency-key', 'one')).stdout);
    const watching = run('run', 'cli/waits', '--watch', '--idempotency-key', 'one');
    expect((await run('cancel', String(started['execution_id']))).code).toBe(0);
    expect((await watching).code).toBe(3);
  });

  test('executions: listed, run again, and cleaned up', async () => {
    const file = join(dir, 'again.yaml');
    await writeFile(file, playbook('cli/again', 'result = 1'));
    await run('register', file);
    const { execution_id } = lastJson((await run('run', 'cli/again', '--json')).stdout);
    const again = lastJson((await run('rerun', String(execution_id), '--set', 'a=1', '--json')).stdout);
    expect(again).toMatchObject({ rerun_of: execution_id, path: 'cli/again' });
    const listed = await run('list', '--path', 'cli/again', '--limit', '5');
    expect(listed.stdout.trim().split('\n')).toEqual([
      expect.stringContaining(String(again['execution_id'])),
      expect.stringContaining(String(execution_id)),
    ]);
    expect((await run('list', '--status', 'wrong')).code).toBe(2);
    expect(lastJson((await run('cleanup', '--dry-run', '--json')).stdout)).toMatchObject({
      dry_run: true,
      count: 0,
    });
  });

  test('a folder is registered whole; what is refused does not keep the others out', async () => {
    const folder = join(dir, 'many', 'deeper');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'a.yaml'), playbook('cli/a', 'result = 1'));
    await writeFile(join(folder, 'b.yaml'), 'kind: Playbook\nmetadata: {name: b}\n');
    await writeFile(join(folder, 'c.yml'), playbook('cli/c', 'result = 3'));
    const { code, stdout, stderr } = await run('register', join(dir, 'many'));
    expect(code).toBe(1);
    expect(stdout).toMatch(/cli\/a version 1 .*\ncli\/c version 1/);
    expect(stderr).toContain('2 registered, 1 refused');
  });

  test('schedules: add, list, pause, run, remove', async () => {
    await writeFile(join(dir, 'timed.yaml'), playbook('cli/timed', 'result = 1'));
    await run('register', join(dir, 'timed.yaml'));
    const added = await run(
      'schedule',
      'add',
      'cli/timed',
      '--cron',
      '0 6 * * *',
      '--set',
      'who=me',
      '--json',
    );
    const { schedule_id: id } = lastJson(added.stdout) as { schedule_id: string };
    expect((await run('schedule', 'list')).stdout).toContain(`${id}  cli/timed  0 6 * * * (UTC)  next 20`);
    expect((await run('schedule', 'pause', id)).stdout).toContain('paused');
    expect((await run('schedule', 'run', id)).stdout).toMatch(/started execution \d+/);
    expect((await run('schedule', 'remove', id)).stdout).toContain('deleted');
    const wrong = await run('schedule', 'add', 'cli/timed');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('either --cron or --every')]);
  });

  test('credentials: set, list, remove, never shown', async () => {
    const file = join(dir, 'token.json');
    await writeFile(file, '{"token": "very-secret-token"}');
    expect((await run('credential', 'set', 'shop', '--type', 'bearer', '--data', file)).code).toBe(0);
    const listed = await run('credential', 'list', '--json');
    expect(lastJson(listed.stdout)).toMatchObject({ name: 'shop', type: 'bearer' });
    expect(listed.stdout).not.toContain('very-secret-token');
    expect((await run('credential', 'remove', 'shop')).code).toBe(0);
    expect((await run('credential', 'remove', 'shop')).stderr).toContain('CREDENTIAL_NOT_FOUND');
  });

  test('limits: set, list, delete', async () => {
    const set = await run('limit', 'set', 'host:api.example.com', '--rate', '2.5', '--max-concurrent', '4');
    expect(set.stdout).toMatch(/4 at once, 2.5 a second \(burst 2.5\), 0 running, 0 waiting/);
    const listed = await run('limit', 'list', '--json');
    expect(lastJson(listed.stdout)).toMatchObject({ key: 'host:api.example.com', rate: 2.5 });
    expect((await run('limit', 'delete', 'host:api.example.com')).code).toBe(0);
    expect((await run('limit', 'delete', 'host:api.example.com')).stderr).toContain('LIMIT_UNKNOWN');
    expect((await run('limit', 'set', 'x')).stderr).toContain('BODY_INVALID');
    expect((await run('limit', 'set', 'x', '--rate', 'fast')).code).toBe(2);
  });

  test('what failed is shown, and run again', async () => {
    const file = join(dir, 'redrive.yaml');
    const flag = join(dir, 'healed');
    const code = `import os\nif x % 2 == 1 and not os.path.exists("${flag}"):\n    raise ValueError(f"odd {x}")\nresult = x`;
    const loop = '    loop: {in: [0, 1, 2, 3, 4, 5], iterator: x, spec: {policy: {on_error: continue}}}\n';
    const text = playbook('cli/redrive', code).replace(
      '    tool:\n',
      `${loop}    tool:\n      args: {x: '{{ iter.x }}'}\n`,
    );
    await writeFile(file, text);
    expect((await run('register', file)).code).toBe(0);
    const id = String(
      lastJson((await run('run', 'cli/redrive', '--watch', '--json')).stdout)['execution_id'],
    );
    expect((await run('dead-letters', id)).stdout).toMatch(
      /^3 {2}start {2}CODE_EXCEPTION {2}first 1 {2}.*odd #/,
    );
    const step = ['redrive', id, '--step', 'start'];
    expect((await run(...step, '--indexes', '0-3', '--state', 'failed', '--dry-run')).stdout).toBe(
      '2 items would run again: 1, 3\n',
    );
    await writeFile(flag, '');
    const again = await run(...step, '--state', 'failed', '--wait');
    expect(again).toMatchObject({ code: 0, stdout: `${id} run 2: 3 items run again\n` });
    expect((await run('dead-letters', id, '--json')).stdout).toBe('');
    expect((await run(...step, '--state', 'failed')).stderr).toContain('REDRIVE_NOTHING');
    expect((await run(...step)).stderr).toContain('REDRIVE_SELECTOR_EMPTY');
    expect((await run(...step, '--indexes', '5-1')).code).toBe(1);
  });

  test('bad input is refused with code, place and hint', async () => {
    const file = join(dir, 'broken.yaml');
    await writeFile(file, 'apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x\n');
    const broken = await run('register', file);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/YAML_SYNTAX: .*broken\.yaml.*\(line \d+, column \d+\)/);

    const unknown = await run('run', 'no/such/playbook', '--json');
    expect(unknown.code).toBe(1);
    expect(lastJson(unknown.stdout)).toMatchObject({
      error: { code: 'PATH_UNKNOWN', hint: expect.any(String) },
    });
  });
});

function lastJson(text: string): Record<string, unknown> {
  return JSON.parse(text.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

function playbook(path: string, code: string): string {
  const body = code.replace(/^/gm, '        ');
  return `apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: ${path.replace('/', '_')}, path: ${path}}
workflow:
  - step: start
    tool:
      kind: python
      code: |
${body}
`;
}
