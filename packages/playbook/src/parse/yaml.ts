/** YAML or JSON text to plain values, with the place of everything. YAML 1.2 core schema, bounded. */
import {
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
} from 'yaml';
import { isJsonObject, NoetlError, type Json, type Place } from '@noetl/protocol';

export type Path = readonly (string | number)[];

/** The parsed text: its value, and where each part of it stands. */
export interface Source {
  value: Json;
  /** Place of a part; of its nearest parent when the part itself is missing. */
  place(path: Path): Place;
  /** Keys that stand twice in one mapping; the last one counts. */
  repeatedKeys: Place[];
}

const BYTES_MAX = 1024 * 1024;
const DEPTH_MAX = 64;
const ALIASES_MAX = 20;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/** Throws YAML_SYNTAX, YAML_LIMIT, YAML_NEWLINES_LOST or KEY_FORBIDDEN, each with its place. */
export function readSource(text: string): Source {
  if (text.length > BYTES_MAX) throw new NoetlError('YAML_LIMIT', 'the playbook is larger than 1 MiB');
  if (hasLostNewlines(text))
    throw new NoetlError(
      'YAML_NEWLINES_LOST',
      'the playbook arrived as one line: its newlines were stripped on the way',
    );
  refuseBottomless(text);
  const lines = new LineCounter();
  const document = parse(text, lines);
  const place = (path: Path): Place => placeOf(document, lines, path);
  const at = (offset: number): Required<Pick<Place, 'line' | 'column'>> => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const [error] = document.errors;
  if (error) {
    const { line, column } = at(error.pos[0]);
    const reason = error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? '';
    throw new NoetlError('YAML_SYNTAX', `line ${String(line)}, column ${String(column)}: ${reason}`, {
      place: { line, column },
    });
  }
  const value = plain(toValue(document), [], place);
  return { value, place, repeatedKeys: repeatedKeys(document).map(at) };
}

function parse(text: string, lineCounter: LineCounter): Document {
  return parseDocument(text, {
    lineCounter,
    intAsBigInt: true,
    // Checked below in linear time.
    uniqueKeys: false,
    schema: 'core',
    version: '1.2',
    prettyErrors: false,
  });
}

/** Brackets open at once that no playbook needs; beyond it the YAML reader itself runs out of stack. */
const BRACKETS_MAX = 500;

function refuseBottomless(text: string): void {
  let open = 0;
  for (const character of text) {
    if (character === '[' || character === '{') open += 1;
    else if (character === ']' || character === '}') open -= 1;
    if (open > BRACKETS_MAX) {
      throw new NoetlError(
        'YAML_LIMIT',
        `the playbook opens more than ${String(BRACKETS_MAX)} brackets at once`,
      );
    }
  }
}

/** Offsets of keys that stand twice in one mapping. */
function repeatedKeys(document: Document): number[] {
  const offsets: number[] = [];
  visit(document, {
    Map: (_, node) => {
      const seen = new Set<string>();
      for (const { key } of node.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name)) offsets.push(key.range?.[0] ?? 0);
        seen.add(name);
      }
    },
  });
  return offsets;
}

function toValue(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    throw new NoetlError('YAML_LIMIT', error instanceof Error ? error.message : String(error));
  }
}

/**
 * `curl -d @file` deletes every newline. A whole document on one line, with several keys after `apiVersion:`, is
 * YAML that was cut so; it cannot be put together again.
 */
function hasLostNewlines(text: string): boolean {
  const trimmed = text.trim();
  if (trimmed.includes('\n') || trimmed.startsWith('{')) return false;
  return (
    /\bapiVersion:/.test(trimmed) &&
    /\b(kind|metadata|workflow):/.test(trimmed.replace(/^.*?apiVersion:/, ''))
  );
}

/** JSON only: whole numbers beyond 2^53 stay exact as text, dates and other objects are refused. */
function plain(value: unknown, path: Path, place: (path: Path) => Place): Json {
  if (path.length > DEPTH_MAX)
    throw new NoetlError('YAML_LIMIT', `the playbook nests deeper than ${String(DEPTH_MAX)} levels`, {
      place: place(path),
    });
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (Array.isArray(value)) return value.map((item, index) => plain(item, [...path, index], place));
  if (!isJsonObject(value)) return (value ?? null) as Json;
  const result: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    if (FORBIDDEN.has(key))
      throw new NoetlError('KEY_FORBIDDEN', `the key "${key}" is not allowed`, {
        place: place([...path, key]),
      });
    result[key] = plain(item, [...path, key], place);
  }
  return result;
}

function placeOf(document: Document, lines: LineCounter, path: Path): Place {
  let node: unknown = document.contents;
  let offset = isNode(node) ? node.range?.[0] : undefined;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
      );
      if (!pair) break;
      offset = isNode(pair.key) ? pair.key.range?.[0] : offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(key)];
      if (!isNode(item)) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else {
      break;
    }
  }
  const { line, col } = lines.linePos(offset ?? 0);
  return { path: pathText(path), line, column: col };
}

/** `workflow[0].tool.kind`. */
function pathText(path: Path): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${String(key)}]` : `.${key}`))
    .join('')
    .replace(/^\./, '');
}
