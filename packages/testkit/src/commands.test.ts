/** Every `npm run …` that a document tells of is there, and so are its flags: asked for with `--help`. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
/** Of others' tools, which tell their own. */
const OWN = /^node (packages\/\S+\.mjs)(.*)$/;

interface Told {
  script: string;
  /** Words before the first flag: commands of `noetl`. */
  words: string[];
  flags: string[];
}

const documents = execFileSync('git', ['ls-files', '*.md'], { cwd: ROOT, encoding: 'utf8' })
  .trim()
  .split('\n');
const told = new Map<string, Told>();
for (const document of documents) {
  const text = readFileSync(join(ROOT, document), 'utf8');
  for (const [, script = '', rest = ''] of text.matchAll(/npm run ([a-z0-9:]+)(?: -- ([^`|#\n]*))?/g)) {
    const words = rest.trim().split(/\s+/).filter(Boolean);
    const first = words.findIndex((word) => !/^[a-z-]+$/.test(word) || word.startsWith('-'));
    const flags = words.filter((word) => word.startsWith('--')).map((word) => word.replace(/=.*/, ''));
    told.set(`${script} ${rest.trim()}`, {
      script,
      words: script === 'noetl' ? words.slice(0, first) : [],
      flags,
    });
  }
}

test('documents tell of commands', () => {
  expect(told.size).toBeGreaterThan(20);
});

test.each([...told])('npm run %s', async (_, { script, words, flags }) => {
  expect(scripts).toHaveProperty([script]);
  if (flags.length === 0) return;
  const [, program, given] = OWN.exec(scripts[script] ?? '') ?? [];
  if (program === undefined) throw new Error(`npm run ${script} takes no flags of ours`);
  const args = [program, ...(given ?? '').trim().split(' ').filter(Boolean), ...words.slice(0, 1), '--help'];
  const help = await helpOf(args);
  for (const flag of flags) expect(help).toContain(flag);
});

const helps = new Map<string, Promise<string>>();

function helpOf(args: string[]): Promise<string> {
  const name = args.join(' ');
  const asked = async (): Promise<string> =>
    (await promisify(execFile)(process.execPath, args, { cwd: ROOT })).stdout;
  const help = helps.get(name) ?? asked();
  helps.set(name, help);
  return help;
}
