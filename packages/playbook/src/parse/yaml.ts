/** YAML or JSON text to plain values, with the place of everything. YAML 1.2 core schema, bounded. */
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import { ERRORS, isJsonObject, type ErrorCode, type Json, type Place } from '@noetl/protocol';
import { PlaybookError } from './faults.ts';
import { ALIAS_HINT, quoted, syntaxRemark } from './yaml-hints.ts';
import { lastQuote, readMarks } from './yaml-marks.ts';

export type Path = readonly (string | number)[];

/** The parsed text: its value, and where each part of it stands. */
export interface Source {
  value: Json;
  /** Place of a part; of its nearest parent when the part itself is missing. */
  place(path: Path): Place;
  /** Keys that stand twice in one mapping; the last one counts. */
  repeatedKeys: Place[];
  /** Templates that are not quoted, which YAML reads as mappings; `value` has them as text. */
  unquoted: { place: Place; quoted: string }[];
}

const BYTES_MAX = 1024 * 1024;
const DEPTH_MAX = 64;
const ALIASES_MAX = 20;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/** Throws YAML_SYNTAX, YAML_LIMIT, YAML_NEWLINES_LOST or KEY_FORBIDDEN, each with its place. */
export function readSource(text: string): Source {
  if (text.length > BYTES_MAX || new TextEncoder().encode(text).length > BYTES_MAX)
    refuse('YAML_LIMIT', 'the playbook is larger than 1 MiB', START);
  if (hasLostNewlines(text))
    refuse(
      'YAML_NEWLINES_LOST',
      'the playbook arrived as one line: its newlines were stripped on the way',
      START,
    );
  refuseBottomless(text);
  const lines = new LineCounter();
  const document = parse(text, lines);
  const place = (path: Path): Place => placeOf(document, lines, path);
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  refuseErrors(document, text, at);
  const marks = readMarks(document, text);
  if (marks.unresolved) {
    const { name, offset } = marks.unresolved;
    refuse('YAML_SYNTAX', `there is no anchor "${name}" before this alias`, at(offset), ALIAS_HINT);
  }
  const value = plain(toValue(document, at(marks.lastAlias)), [], place);
  return {
    value,
    place,
    repeatedKeys: marks.repeatedKeys.map(at),
    unquoted: marks.unquoted.map(({ offset, template }) => ({
      place: at(offset),
      quoted: quoted(template),
    })),
  };
}

/** The first error only: those after it mostly follow from it. */
function refuseErrors(document: Document, text: string, at: (offset: number) => Place): void {
  const [error] = document.errors;
  if (!error) return;
  const unclosed = error.message.includes('Missing closing') ? lastQuote(document) : undefined;
  const place = at(unclosed ?? error.pos[0]);
  const line = text.split(/\r?\n/)[(place.line ?? 1) - 1] ?? '';
  if (error.message.includes('call stack')) refuse('YAML_LIMIT', 'the playbook nests too deeply', place);
  const reason = error.message.split('\n')[0] ?? '';
  const { message, hint } = syntaxRemark(error.code, reason, line);
  refuse('YAML_SYNTAX', message, place, hint);
}

const START: Place = { line: 1, column: 1 };

function refuse(code: ErrorCode, message: string, place: Place, hint: string = ERRORS[code].hint): never {
  throw new PlaybookError([{ code, message, hint, place }]);
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

/** Brackets open at once, or dashes in a row, that no playbook needs; beyond it the YAML reader's stack ends. */
const OPEN_MAX = 500;

function refuseBottomless(text: string): void {
  let open = 0;
  let dashes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] as string;
    if (character === '[' || character === '{') open += 1;
    else if (character === ']' || character === '}') open -= 1;
    const isBlank = character === ' ' || character === '\t';
    if ('-?:'.includes(character) && text[index + 1] === ' ') dashes += 1;
    else if (!isBlank) dashes = 0;
    if (open > OPEN_MAX || dashes > OPEN_MAX)
      refuseAt(text, index, `the playbook opens more than ${String(OPEN_MAX)} brackets or lists at once`);
  }
}

function refuseAt(text: string, index: number, message: string): never {
  const before = text.slice(0, index).split('\n');
  const column = (before.at(-1) ?? '').length + 1;
  return refuse('YAML_LIMIT', message, { line: before.length, column });
}

function toValue(document: Document, lastAlias: Place): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch {
    return refuse('YAML_LIMIT', 'aliases of aliases make the playbook too large', lastAlias);
  }
}

const TOP_KEYS = /apiVersion:|metadata:|workload:|workflow:|kind: *Playbook/g;

/**
 * `curl -d @file` deletes every newline. A block mapping on one line cannot have several keys: where several of a
 * playbook's are found, it was cut so, and it cannot be put together again.
 */
function hasLostNewlines(text: string): boolean {
  const trimmed = text.trim();
  if (trimmed.includes('\n') || trimmed.startsWith('{')) return false;
  return new Set(trimmed.match(TOP_KEYS)).size > 1;
}

/** JSON only: whole numbers beyond 2^53 stay exact as text, dates and other objects are refused. */
function plain(value: unknown, path: Path, place: (path: Path) => Place): Json {
  if (path.length > DEPTH_MAX)
    refuse('YAML_LIMIT', `the playbook nests deeper than ${String(DEPTH_MAX)} levels`, place(path));
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  if (Array.isArray(value)) return value.map((item, index) => plain(item, [...path, index], place));
  if (!isJsonObject(value)) return (value ?? null) as Json;
  const result: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    if (FORBIDDEN.has(key)) refuse('KEY_FORBIDDEN', `the key "${key}" is not allowed`, place([...path, key]));
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
