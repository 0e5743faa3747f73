/** A set of secrets, and texts without them: one pass over a text with all spellings of all of them at once. */
import { LRUCache } from 'lru-cache';
import { jsonEscaped, SECRET_MIN_LENGTH, spellingsOf } from './spellings.ts';

export const HIDDEN = '[REDACTED]';
/** Tools bound what they keep of outputs; what stands at the cut may be the beginning of a secret. */
const CUT = /(?:\n|\\n)(?:\[cut: \d+ more bytes\]|… output cut at 64 KiB)/g;

const KNOWN_BY = 48;
const TOKEN = /^[\w+/=.~%-]+$/;

interface Matchers {
  plain: RegExp;
  json: RegExp;
  /** By length, the longest first. */
  needles: readonly string[];
  /** Every piece of {@link PIECE} characters of the values themselves. */
  pieces: ReadonlySet<string>;
}

/** So much of a secret in the middle of a message, from an excerpt, is no coincidence. */
const PIECE = 16;

export class Secrets {
  readonly #values = new Set<string>();
  #matchers: Matchers | undefined;

  /** A value that must not be told. Short ones are not: see {@link SECRET_MIN_LENGTH}. */
  add(value: string): void {
    if (value.length < SECRET_MIN_LENGTH || this.#values.has(value)) return;
    this.#values.add(value);
    this.#matchers = undefined;
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  /** What was printed. */
  print(text: string): string {
    if (this.isEmpty || text === '') return text;
    const { plain, needles } = this.#compiled();
    return cutsWithoutParts(text.replace(plain, HIDDEN), needles);
  }

  /** A message, which may be an excerpt: it may begin or end within a secret. */
  text(text: string): string {
    if (this.isEmpty) return text;
    const { needles, pieces } = this.#compiled();
    return withoutParts(withoutPieces(this.print(text), pieces), needles);
  }

  /** JSON text; stays JSON. */
  json(text: string): string {
    if (this.isEmpty) return text;
    const { json, needles } = this.#compiled();
    json.lastIndex = 0;
    const clean = json.test(text) ? this.#replaced(text, json) : text;
    return cutsWithoutParts(clean, needles);
  }

  /** A value, in every text and key of it. */
  value<T>(value: T): T {
    if (this.isEmpty) return value;
    return this.#walk(value) as T;
  }

  #replaced(text: string, json: RegExp): string {
    const clean = text.replace(json, HIDDEN);
    // Digits of a number that happen to be a secret cannot become a word in place.
    return isJson(clean) ? clean : JSON.stringify(this.#walk(JSON.parse(text)));
  }

  #walk(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') return this.text(String(value)) === String(value) ? value : HIDDEN;
    if (Array.isArray(value)) return value.map((item) => this.#walk(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.#walk(item)]));
  }

  #compiled(): Matchers {
    return (this.#matchers ??= matchersOf([...this.#values].sort()));
  }
}

/** Commands of one loop open the same credentials, and compiling takes longer than a chunk. */
const known = new LRUCache<string, Matchers>({ max: 200 });

function matchersOf(values: string[]): Matchers {
  const name = JSON.stringify(values);
  let found = known.get(name);
  if (!found) known.set(name, (found = compiled(values)));
  return found;
}

function compiled(values: string[]): Matchers {
  const needles = [...new Set(values.flatMap(spellingsOf))].sort((a, b) => b.length - a.length);
  const inJson = [...new Set(needles.map(jsonEscaped))].sort((a, b) => b.length - a.length);
  return { plain: anyOf(needles), json: anyOf(inJson), needles, pieces: piecesOf(values) };
}

/** Of an address only what is secret in it, which is a value of its own: the rest helps to find a fault. */
function piecesOf(values: string[]): Set<string> {
  const pieces = new Set<string>();
  for (const value of values) {
    if (value.includes('://')) continue;
    for (let at = 0; at + PIECE <= value.length; at += 1) pieces.add(value.slice(at, at + PIECE));
  }
  return pieces;
}

function withoutPieces(text: string, pieces: ReadonlySet<string>): string {
  let clean = '';
  let from = 0;
  for (let at = 0; at + PIECE <= text.length; at += 1) {
    if (!pieces.has(text.slice(at, at + PIECE))) continue;
    let end = at;
    while (pieces.has(text.slice(end, end + PIECE))) end += 1;
    clean += text.slice(from, at) + HIDDEN;
    from = end + PIECE - 1;
    at = from - 1;
  }
  return clean + text.slice(from);
}

function anyOf(needles: readonly string[]): RegExp {
  return new RegExp([...new Set(needles.map(pattern))].join('|'), 'g');
}

/** Long ones are known by their beginning, and go as far as the alphabet of encodings does. */
function pattern(needle: string): string {
  const isToken = needle.length > KNOWN_BY && TOKEN.test(needle);
  const written = isToken ? needle.slice(0, KNOWN_BY) : needle;
  return written.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&') + (isToken ? '[\\w+/=.~%-]*' : '');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Secrets of which a bound has left a part: at the end, before a note of what was cut, at the beginning. */
function withoutParts(text: string, needles: readonly string[]): string {
  const rest = withoutTail(text, needles);
  const start = rest.slice(0, needles[0]?.length);
  const likely = needles.filter((needle) => start.includes(needle.slice(-SECRET_MIN_LENGTH)));
  const length = longest(likely, (needle, size) => start.startsWith(needle.slice(-size)));
  return length === 0 ? rest : HIDDEN + rest.slice(length);
}

function cutsWithoutParts(text: string, needles: readonly string[]): string {
  if (!text.includes('cut')) return text;
  let clean = '';
  let from = 0;
  for (const { index, 0: mark } of text.matchAll(CUT)) {
    clean += withoutTail(text.slice(from, index), needles) + mark;
    from = index + mark.length;
  }
  return clean + text.slice(from);
}

function withoutTail(text: string, needles: readonly string[]): string {
  const end = text.slice(-(needles[0]?.length ?? 0));
  const likely = needles.filter((needle) => end.includes(needle.slice(0, SECRET_MIN_LENGTH)));
  const length = longest(likely, (needle, size) => end.endsWith(needle.slice(0, size)));
  return length === 0 ? text : text.slice(0, -length) + HIDDEN;
}

/** How many characters of one of the needles stand there, of those with at least as many as a secret has. */
function longest(needles: readonly string[], stands: (needle: string, size: number) => boolean): number {
  let found = 0;
  for (const needle of needles)
    for (let size = needle.length - 1; size > found && size >= SECRET_MIN_LENGTH; size -= 1)
      if (stands(needle, size)) found = size;
  return found;
}
