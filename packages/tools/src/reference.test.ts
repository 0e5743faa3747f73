/** The reference of the tools is whole: every tool has a section, and its table says what its schema says. */
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from '@jest/globals';
import { isJsonObject, jsonText, type Json } from '@noetl/protocol';
import { createToolbox } from './index.ts';
import { unavailable } from './unavailable.ts';

const toolbox = createToolbox({ runners: 1 });
const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const KINDS = [
  'artifact',
  'container',
  'duckdb',
  'ducklake',
  'http',
  'javascript',
  'nats',
  'noop',
  'postgres',
  'python',
  'shell',
  'subscription',
  'transfer',
];

afterAll(() => toolbox.close());

/** Rows of the section of a tool: key to what is said of it. */
function rowsOf(kind: string): Map<string, string> {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${kind}\n`)) ?? '';
  const rows = [...section.matchAll(/^\| `(\w+)` +\| (.*?) +\|$/gm)];
  return new Map(rows.map(([, key = '', said = '']) => [key, said]));
}

/** What the schema says of a key: its words, or the words that there are. */
function said(property: Json): string {
  if (!isJsonObject(property)) return '';
  const words = Array.isArray(property['enum']) ? property['enum'].map(jsonText).join(', ') : '';
  const description = jsonText(property['description'] ?? '');
  return [words, description]
    .filter((part) => part !== '')
    .join('. ')
    .replaceAll('|', '\\|');
}

describe.each(KINDS)('%s', (kind) => {
  test('every key of its schema is in the table, as the schema tells it', () => {
    const properties = toolbox.get(kind)?.schema['properties'];
    const wanted = Object.entries(isJsonObject(properties) ? properties : {});
    expect(wanted.length).toBeGreaterThan(0);
    expect([...rowsOf(kind)]).toEqual(wanted.map(([key, property]) => [key, said(property)]));
  });
});

test('every kind that is out of reach is named', () => {
  expect(unavailable.map(({ kind }) => kind).filter((kind) => !text.includes(`\`${kind}\``))).toEqual([]);
});
