/** Reads SQL with values in it: what is code, what is quoted, what is a comment, and where each value stands. */
import type { Piece } from '@noetl/playbook';

export interface Fragment {
  kind: 'code' | 'text' | 'escape text' | 'name' | 'comment' | 'dollar';
  /** What the author wrote, quotes included, and the values between. Of `dollar`, without the tags. */
  pieces: Piece[];
  /** First word of the statement. */
  statement: string;
  /** Of `dollar`: what opens and closes it. */
  tag: string;
  place: Place;
}

/** Of the values in code. */
interface Place {
  /** For each piece, the word or mark before it, over comments and blanks. */
  words: string[];
  /** Characters right before and right after the fragment. */
  touches: string;
  touchedBy: string;
}

/** Where quoted text ends: at its quote, if that is not doubled or escaped. */
const ENDS = {
  text: /(?:[^']|'')*'/sy,
  'escape text': /(?:[^'\\]|\\.|'')*'/sy,
  name: /(?:[^"]|"")*"/sy,
} as const;

const OPENING =
  /(?:(?<![\w$])(?:[eE]|[uU]&)')|'|(?:(?<![\w$])[uU]&")|"|--|\/\*|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/;
/** In place of a value while the text is read: it is none of SQL's characters, and nobody's word. */
const VALUE = '\0';

/** Fragments in order; an author's quote that is never closed reaches to the end, as Postgres reads it. */
export function scan(pieces: Piece[]): Fragment[] {
  const values = pieces.filter((piece) => typeof piece === 'object');
  const sql = pieces
    .map((piece) => (typeof piece === 'string' ? piece.replaceAll(VALUE, '') : VALUE))
    .join('');
  let next = 0;
  const split = (text: string): Piece[] =>
    text.split(VALUE).flatMap((written, index) => {
      const value = index === 0 ? undefined : values[next++];
      return [...(value ? [value] : []), ...(written === '' ? [] : [written])];
    });
  const fragments: Fragment[] = [];
  const reader = { word: '', statement: '' };
  for (let at = 0; at < sql.length;) {
    const found = OPENING.exec(sql.slice(at));
    const start = found && isOpening(sql, at + found.index, found[0]) ? at + found.index : -1;
    const until = found ? (start < 0 ? at + found.index + found[0].length : start) : sql.length;
    if (until > at) fragments.push(code(split(sql.slice(at, until)), sql, at, until, reader));
    at = until;
    if (!found || start < 0) continue;
    const quoted = quotedAt(sql, start, found[0]);
    const whole = sql.slice(start, quoted.end);
    const inner = quoted.kind === 'dollar' ? whole.slice(found[0].length, closed(whole, found[0])) : whole;
    const nothing = { words: [], touches: '', touchedBy: '' };
    fragments.push({
      kind: quoted.kind,
      pieces: split(inner),
      statement: reader.statement,
      tag: found[0],
      place: nothing,
    });
    if (quoted.kind !== 'comment') reader.word = "'";
    at = quoted.end;
  }
  return fragments;
}

/** `a$b$` is a name; so is what follows a value. */
function isOpening(sql: string, at: number, opening: string): boolean {
  return !opening.startsWith('$') || !/[\w$\0\u0080-\uffff]/.test(sql.charAt(at - 1));
}

function quotedAt(sql: string, start: number, opening: string): { kind: Fragment['kind']; end: number } {
  const from = start + opening.length;
  if (opening === '--') {
    const end = sql.slice(from).search(/[\r\n]/);
    return { kind: 'comment', end: end < 0 ? sql.length : from + end };
  }
  if (opening === '/*') return { kind: 'comment', end: commentEnd(sql, start) };
  if (opening.startsWith('$')) {
    const end = sql.indexOf(opening, from);
    return { kind: 'dollar', end: end < 0 ? sql.length : end + opening.length };
  }
  const kind = opening.endsWith('"') ? 'name' : opening === "'" ? 'text' : 'escape text';
  const ends = ENDS[opening.endsWith('"') ? 'name' : /^u/i.test(opening) ? 'text' : kind];
  ends.lastIndex = from;
  const end = ends.exec(sql);
  return { kind, end: end ? ends.lastIndex : sql.length };
}

/** Length of what stands before the closing tag, which may be missing. */
function closed(whole: string, tag: string): number {
  return whole.length >= 2 * tag.length && whole.endsWith(tag) ? whole.length - tag.length : whole.length;
}

/** Postgres nests block comments. */
function commentEnd(sql: string, start: number): number {
  let depth = 0;
  for (let at = start; at < sql.length; at += 1) {
    if (sql.startsWith('/*', at)) depth += 1;
    else if (sql.startsWith('*/', at)) depth -= 1;
    else continue;
    at += 1;
    if (depth === 0) return at + 1;
  }
  return sql.length;
}

/** The word, number or mark that a text of code ends with. Backwards by hand: a pattern would begin at every place. */
function lastWord(code: string): string | undefined {
  const text = code.trimEnd();
  if (text === '') return undefined;
  let from = text.length;
  while (from > 0 && /[\w$\u0080-\uffff]/.test(text.charAt(from - 1))) from -= 1;
  return text.slice(Math.min(from, text.length - 1));
}

interface Reader {
  /** Last word or mark of the code so far. */
  word: string;
  statement: string;
}

function code(pieces: Piece[], sql: string, from: number, until: number, reader: Reader): Fragment {
  const words: string[] = [];
  for (const piece of pieces) {
    words.push(reader.word);
    if (typeof piece === 'object') {
      // What follows a value is no place for another one, unless something stands between.
      reader.word = VALUE;
      continue;
    }
    const parts = piece.split(';');
    if (parts.length > 1) [reader.statement, reader.word] = ['', ''];
    const last = parts.at(-1) ?? '';
    if (reader.statement === '') reader.statement = /[A-Za-z]+/.exec(last)?.[0] ?? '';
    reader.word = lastWord(last) ?? reader.word;
  }
  const place = { words, touches: sql.charAt(from - 1), touchedBy: sql.charAt(until) };
  return { kind: 'code', pieces, statement: reader.statement, tag: '', place };
}
