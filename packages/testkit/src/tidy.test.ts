/**
 * The style rules no linter knows: short files, a header in each, no vague names, no left-over notes, a fixed top
 * level and nothing of the machine it was written on.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const LINES_MAX = 400;
const MEDIAN_MAX = 110;
const TOP_LEVEL = new Set([
  'package.json',
  'package-lock.json',
  'tsconfig.base.json',
  'packages',
  'playbooks',
  'deploy',
  'docker-compose.yml',
  'README.md',
]);
const VAGUE = new Set(['common', 'utils', 'util', 'core', 'helpers', 'helper', 'misc', 'shared', 'lib']);
// Written in two parts, so that this file does not trip over itself.
const LEFTOVERS = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);
const PATHS_OF_A_MACHINE = new RegExp(['/wo' + 'rk/', '/ho' + 'me/[a-z]', '/Us' + 'ers/[A-Za-z]'].join('|'));
const PUBLIC_REGISTRY = 'https://registry.npm' + 'js.org/';

const files = trackedFiles();
const text = files.filter((file) => !/\.(png|ico|woff2?|gz|jpg|svg)$/.test(file));
const MADE_BY_A_TOOL = 'packages/client/src/schema.ts';
const sources = files.filter(
  (file) => /^packages\/.*\.(ts|tsx|mjs|js|py)$/.test(file) && file !== MADE_BY_A_TOOL,
);

describe('tidy', () => {
  test(`no source file is longer than ${LINES_MAX} lines`, () => {
    expect(sources.filter((file) => lines(file) > LINES_MAX)).toEqual([]);
  });

  test(`the median source file is at most ${MEDIAN_MAX} lines`, () => {
    const counts = sources.map(lines).sort((a, b) => a - b);
    expect(counts[Math.floor(counts.length / 2)]).toBeLessThanOrEqual(MEDIAN_MAX);
  });

  test('every source file starts by saying what it is for', () => {
    const opening = /^(#![^\n]*\n)?(\/\*\*|""")/;
    expect(sources.filter((file) => read(file).trim() !== '' && !opening.test(read(file)))).toEqual([]);
  });

  test('nothing is left over', () => {
    expect(sources.filter((file) => LEFTOVERS.test(read(file)))).toEqual([]);
  });

  test('names say something', () => {
    const parts = (file: string) => file.split('/').map((part) => basename(part).replace(/\..*$/, ''));
    expect(sources.filter((file) => parts(file).some((part) => VAGUE.has(part)))).toEqual([]);
  });

  test('linting is never switched off', () => {
    const off = new RegExp(['eslint-' + 'disable', '@ts-' + 'ignore', '@ts-' + 'nocheck'].join('|'));
    expect(sources.filter((file) => off.test(read(file)))).toEqual([]);
  });

  test('no test is skipped or runs alone, but for those that need a folder that may be missing', () => {
    const partial = /\b(test|it|describe)\.(skip|only|todo|failing)\b|\b(xit|xtest|fit|fdescribe)\(/;
    const tests = sources.filter((file) => file.endsWith('.test.ts') && !file.endsWith('tidy.test.ts'));
    const left = (file: string) =>
      read(file)
        .split('\n')
        .filter((line) => partial.test(line) && !line.includes('existsSync('));
    expect(tests.filter((file) => left(file).length > 0)).toEqual([]);
  });

  test('the top level holds only what was agreed', () => {
    const top = new Set(files.map((file) => file.split('/')[0] ?? ''));
    expect([...top].filter((entry) => !entry.startsWith('.') && !TOP_LEVEL.has(entry))).toEqual([]);
  });

  test('every file that the map names is there', () => {
    const named = [...read('packages/README.md').matchAll(/`([a-z]+\/src\/[^`]+\.ts)`/g)].map(
      (match) => match[1] ?? '',
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((file) => !files.includes(`packages/${file}`))).toEqual([]);
  });

  test('no file names a place on one machine', () => {
    const found = text.filter((file) => PATHS_OF_A_MACHINE.test(read(file).replace(/https?:\/\/\S+/g, '')));
    expect(found).toEqual([]);
  });

  test('the lock file points to the public registry only', () => {
    const resolved = [...read('package-lock.json').matchAll(/"resolved": "([^"]+)"/g)].map(
      (match) => match[1] ?? '',
    );
    const ours = /^packages\/[a-z]+$/;
    expect(resolved.filter((url) => !url.startsWith(PUBLIC_REGISTRY) && !ours.test(url))).toEqual([]);
  });
});

/** Files git tracks; in an unpacked archive, every file that is not made by a tool. */
function trackedFiles(): string[] {
  if (!existsSync(join(root, '.git'))) {
    const made = /(^|\/)(node_modules|dist|\.noetl|coverage)(\/|$)|\.tsbuildinfo$/;
    const all = readdirSync(root, { recursive: true, withFileTypes: true });
    const paths = all
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)));
    return paths.filter((file) => !made.test(file));
  }
  const out = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  return out.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
}

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function lines(file: string): number {
  return read(file).split('\n').length - 1;
}
