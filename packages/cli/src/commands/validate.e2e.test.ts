/** `noetl validate` as a user meets it: a real process, its exit code and what it prints. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Diagnostic } from '@noetl/playbook';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const broken = fileURLToPath(new URL('../../../playbook/broken/', import.meta.url));
const examples = fileURLToPath(new URL('../../../../playbooks/', import.meta.url));

const HEAD = 'apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: n}\n';
const GOOD = `${HEAD}workflow:\n  - step: start\n    tool: {kind: noop}\n`;

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface Report {
  files: { file: string; ok: boolean; skipped?: string; faults: Diagnostic[]; warnings: Diagnostic[] }[];
  valid: number;
  invalid: number;
}

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'noetl-validate-'));
  await mkdir(join(dir, 'deep/er'), { recursive: true });
  await mkdir(join(dir, 'empty'));
  await writeFile(join(dir, 'deep/good.yaml'), GOOD);
  await writeFile(join(dir, 'deep/er/warned.yml'), `${GOOD}    nxt: end\n`);
  await writeFile(join(dir, 'deep/er/notes.txt'), 'a: {');
  await writeFile(join(dir, 'deep/key.yaml'), 'kind: Credential\nname: pg\n');
});

afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** Runs the program with a server address that nobody listens at: it must not matter. */
async function validate(...args: string[]): Promise<Ended> {
  const { NODE_OPTIONS: _, ...rest } = process.env;
  const env = { ...rest, NOETL_SERVER_URL: 'http://127.0.0.1:1' };
  const child = spawn(process.execPath, [main, 'validate', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
  ended.code = await new Promise((resolve) => child.once('close', resolve));
  return ended;
}

function reportOf({ stdout }: Ended): Report {
  return JSON.parse(stdout) as Report;
}

describe('text', () => {
  test('a fault has place, severity, code, message, hint and excerpt', async () => {
    const file = join(broken, 'unknown_tool_kind.yaml');
    expect(await validate(file)).toEqual({
      code: 1,
      stderr: '',
      stdout: [
        `${file}:7:7  error TOOL_KIND_UNKNOWN  there is no tool kind "postgress"`,
        '  Did you mean "postgres"?',
        '  7 |       kind: postgress',
        '    |       ^',
        '1 file: 0 valid, 1 invalid, 1 fault, 0 warnings',
        '',
      ].join('\n'),
    });
  });

  test('a folder is searched to its bottom; other documents are named and skipped', async () => {
    const { code, stdout } = await validate(join(dir, 'deep'));
    expect(code).toBe(0);
    expect(stdout).toContain('key.yaml  skipped: a document of kind Credential');
    expect(stdout).toContain('warned.yml:7:5  warning KEY_UNKNOWN');
    expect(stdout).toContain('3 files: 2 valid, 0 invalid, 1 skipped, 0 faults, 1 warning');
  });

  test('the playbooks of this project are valid', async () => {
    expect((await validate('--strict', examples)).code).toBe(0);
  });

  test('the caret stays under its place in long lines and among control characters', async () => {
    const file = join(dir, 'long.yaml');
    const first = `\u001b[31m${' '.repeat(150)}`;
    await writeFile(
      file,
      `${HEAD}workflow: [{step: start, desc: "${' '.repeat(150)}", tool: {kind: htpp}}] # ${first}\n`,
    );
    const { stdout } = await validate(file);
    const [, , line, caret] = stdout.split('\n');
    expect(line?.slice(caret?.indexOf('^'))).toMatch(/^kind: htpp/);
    expect(stdout).not.toContain('\u001b');
  });

  test('--help shows an example', async () => {
    const { code, stdout } = await validate('--help');
    expect([code, stdout]).toEqual([0, expect.stringContaining('noetl validate --strict playbooks')]);
  });
});

describe('exit codes', () => {
  test('--strict refuses warnings', async () => {
    const ended = await validate('--strict', '--json', join(dir, 'deep'));
    expect(ended.code).toBe(1);
    expect(reportOf(ended)).toMatchObject({ valid: 1, invalid: 1 });
  });

  test.each(['missing.yaml', 'empty'])('2 where there is nothing to read: %s', async (name) => {
    const { code, stdout, stderr } = await validate(join(dir, 'deep/good.yaml'), join(dir, name));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(join(dir, name));
  });

  test('2 without a file', async () => {
    expect((await validate()).code).toBe(2);
  });

  test('another kind is a fault where the file was named, or where the kind is misspelt', async () => {
    const named = await validate('--json', join(dir, 'deep/key.yaml'));
    expect(named.code).toBe(1);
    expect(reportOf(named).files[0]?.faults[0]?.code).toBe('PLAYBOOK_KIND');
    await mkdir(join(dir, 'kinds'));
    await writeFile(join(dir, 'kinds/typo.yaml'), GOOD.replace('kind: Playbook', 'kind: Playbok'));
    expect(reportOf(await validate('--json', join(dir, 'kinds')))).toMatchObject({ invalid: 1 });
  });
});

test('every broken playbook is refused, in one JSON document', async () => {
  const ended = await validate('--json', broken);
  expect([ended.code, ended.stderr]).toEqual([1, '']);
  const { files, valid, invalid } = reportOf(ended);
  expect([valid, invalid]).toEqual([0, files.length]);
  expect(files.length).toBeGreaterThanOrEqual(20);
  const two = files.find(({ file }) => file.endsWith('two_at_once.yaml'));
  expect(two).toMatchObject({
    ok: false,
    faults: [
      { code: 'TOOL_KIND_UNKNOWN', hint: 'Did you mean "python"?', place: { line: 6, column: 12 } },
      { code: 'STEP_UNKNOWN', place: { path: 'workflow[0].next.arcs[0].step', line: 7, column: 20 } },
    ],
    warnings: [],
  });
});
