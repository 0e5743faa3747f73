/** Every command of the program: its help, its options, wrong usage, and a server that does not answer. */
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from './local/port.ts';
import { createProgram } from './program.ts';

const hello = fileURLToPath(new URL('../../../playbooks/examples/hello_world.yaml', import.meta.url));

/** A command with the words that lead to it. */
interface Found {
  path: string;
  command: Command;
}

function commandsOf(command: Command, path: string[] = []): Found[] {
  const below = command.commands.flatMap((inner) => commandsOf(inner, [...path, inner.name()]));
  return [{ path: path.join(' '), command }, ...below];
}

/** Without a word on the terminal. */
function silent(): Command {
  const program = createProgram(() => undefined);
  for (const { command } of commandsOf(program))
    command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  return program;
}

const all = commandsOf(createProgram(() => undefined));

describe.each(all)('noetl $path', ({ path, command }) => {
  test('says what it is for, and what its options do', () => {
    expect(command.description()).not.toBe('');
    for (const option of command.options) expect([option.flags, option.description]).not.toContain('');
    expect(command.helpInformation()).toContain(`Usage: ${['noetl', path].join(' ').trim()}`);
  });

  test('can print JSON when it talks to a server', () => {
    const names = command.options.map((option) => option.long);
    if (names.includes('--server')) expect(names).toContain('--json');
  });
});

test('all of them are there', () => {
  const paths = all.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining(['dev', 'demo', 'register', 'run', 'status', 'events', 'cancel', 'validate']),
  );
  expect(paths).toEqual(
    expect.arrayContaining(['schedule add', 'credential set', 'server', 'worker', 'maintenance']),
  );
});

describe('where nobody answers', () => {
  let nowhere: string;

  beforeAll(async () => {
    nowhere = `http://127.0.0.1:${String(await freePort())}`;
  });

  test.each([
    `register ${hello}`,
    'run some/path',
    'status 1',
    'status 1 --loop step',
    'events 1',
    'cancel 1',
    'list --status failed',
    'rerun 1',
    'cleanup --dry-run',
    'schedule list',
    'schedule add some/path --every 60',
    'schedule run 1',
    'schedule pause 1',
    'schedule resume 1',
    'schedule remove 1',
    'credential list',
    'credential set x --type bearer --set token=t',
    'credential remove x',
    'login --token x',
    'whoami',
    'tokens list',
    'tokens create x --grant viewer',
    'tokens revoke x',
    'audit',
  ])('%s ends with 4', async (line) => {
    const running = silent().parseAsync([...line.split(' '), '--server', nowhere], { from: 'user' });
    await expect(running).rejects.toMatchObject({ exitCode: 4, code: 'SERVER_UNREACHABLE' });
  });
});

test.each([
  'schedule add x',
  'credential set x --type bearer --set token',
  'credential set x --type bearer --data /none.json',
  'run x --set novalue',
  'tokens create x',
  'tokens create x --admin --grant viewer',
])('%s is wrong usage, exit code 2', async (line) => {
  const running = silent().parseAsync(line.split(' '), { from: 'user' });
  await expect(running).rejects.toMatchObject({ exitCode: 2 });
});

test.each([
  'credential set x',
  'events',
  'status 1 --none',
  'schedule nonsense',
  'events 1 --limit',
  'schedule add x --every soon',
  'cleanup --older-than soon',
  'maintenance --days 0',
  'tokens create x --grant root',
  'tokens create x --grant viewer --days 0',
])('%s is refused by the parser', async (line) => {
  await expect(silent().parseAsync(line.split(' '), { from: 'user' })).rejects.toMatchObject({
    name: 'CommanderError',
  });
});
