/** The guide for authors is complete and true: its playbooks parse, its links lead somewhere, its lists are whole. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { ERRORS } from '@noetl/protocol';
import { parsePlaybook } from './index.ts';
import { KNOWN_TOOL_KINDS } from './parse/kinds.ts';
import { FILTERS } from './template/filters/index.ts';
import { METHOD_NAMES } from './template/methods.ts';
import { TESTS } from './template/tests.ts';

const GUIDE = fileURLToPath(new URL('../README.md', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../../../playbooks/examples/', import.meta.url));
const text = readFileSync(GUIDE, 'utf8');

/** Names in backquotes of the paragraph that begins so. */
function listed(start: string): string[] {
  const paragraph = text.split('\n\n').find((part) => part.startsWith(start)) ?? '';
  return [...paragraph.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

describe('the guide', () => {
  test('every playbook in it can be registered', () => {
    const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '');
    expect(blocks.length).toBeGreaterThan(1);
    for (const block of blocks) expect(parsePlaybook(block).warnings).toEqual([]);
  });

  test('every link leads to a file, and every example is linked', () => {
    const links = [...text.matchAll(/\]\((\.[^)#]+)/g)].map((match) =>
      resolve(dirname(GUIDE), match[1] ?? ''),
    );
    const linked = new Set(links.map((file) => relative(EXAMPLES, file)));
    const files = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.yaml'),
    );
    const others = links.filter((file) => !file.startsWith(EXAMPLES));
    expect(links.filter((file) => !existsSync(file))).toEqual([]);
    expect([...linked].filter((file) => !files.includes(file))).toEqual(
      [...new Set(others)].map((file) => relative(EXAMPLES, file)),
    );
    expect(files.filter((file) => !linked.has(file))).toEqual([]);
  });

  test('every anchor is a heading', () => {
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map((match) =>
      (match[1] ?? '').toLowerCase().replaceAll(' ', '-'),
    );
    const anchors = [...text.matchAll(/\]\(#([^)]+)\)/g)].map((match) => match[1] ?? '');
    expect(anchors.filter((anchor) => !headings.includes(anchor))).toEqual([]);
  });

  test.each([
    ['filters', 'Filters (', Object.keys(FILTERS)],
    ['tests', 'Tests (', Object.keys(TESTS)],
    ['methods', 'Methods of', METHOD_NAMES],
  ])('all %s are named', (_, start, names) => {
    const named = listed(start);
    expect(names.filter((name) => !named.includes(name))).toEqual([]);
  });

  test('all tool kinds that run are named', () => {
    const outside = new Set([
      'agent',
      'event_log',
      'gateway',
      'iterator',
      'mcp',
      'rhai',
      'script',
      'secrets',
      'snowflake_transfer',
      'wasm',
    ]);
    const missing = KNOWN_TOOL_KINDS.filter((kind) => !outside.has(kind) && !text.includes(`\`${kind}\``));
    expect(missing).toEqual([]);
  });

  test('the error codes it names exist', () => {
    const codes = [...text.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map((match) => match[1] ?? '');
    const known = new Set([
      ...Object.keys(ERRORS),
      'NOETL_TEMPLATE_ENV',
      'NOETL_SCRIPTS_DIR',
      'NOETL_TOOLS_ALLOWED',
    ]);
    expect(codes.filter((code) => !known.has(code))).toEqual([]);
  });
});
