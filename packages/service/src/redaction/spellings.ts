/** How a secret may come back: as it is, and in the encodings that programs, servers and drivers put texts into. */
import { LRUCache } from 'lru-cache';

/** Shorter values cannot be hidden without taking words out of results. */
export const SECRET_MIN_LENGTH = 8;
/** Shorter lines of a text of several are no secrets. */
const LINE_MIN_LENGTH = 16;
const PEM_MARK = /^-----(BEGIN|END) /;
/** How often a text may have been put into a JSON text that was put into a JSON text. */
const JSON_DEPTH = 3;

const known = new LRUCache<string, readonly string[]>({ max: 2_000 });

/** All spellings of at least {@link SECRET_MIN_LENGTH} characters; none for a shorter value. */
export function spellingsOf(value: string): readonly string[] {
  if (value.length < SECRET_MIN_LENGTH) return [];
  let found = known.get(value);
  if (!found) known.set(value, (found = spelled(value)));
  return found;
}

function spelled(value: string): string[] {
  const all = value.includes('\n') ? ofLines(value) : ofOne(value);
  return [...new Set(all)].filter(({ length }) => length >= SECRET_MIN_LENGTH);
}

/** A key in PEM: its lines one by one, since whoever prints one has printed a part; and the whole where it is encoded. */
function ofLines(value: string): string[] {
  const lines = value.split(/\r?\n/).filter((line) => line.length >= LINE_MIN_LENGTH && !PEM_MARK.test(line));
  const short = value.length <= LINE_MIN_LENGTH * 4 ? ofOne(value) : [];
  return [...lines.flatMap((line) => [...inJson(line), ...inUrls(line)]), ...short, ...inBytes(value)];
}

function ofOne(value: string): string[] {
  const json = inJson(value);
  const [component = '', , form = ''] = inUrls(value);
  // What is encoded, or stands in a URL, is often JSON or a form already.
  const urls = json.flatMap(inUrls);
  const bytes = [...new Set([...json.slice(0, 4), component, form])].flatMap(inBytes);
  return [...json, ...urls, ...bytes];
}

function inBytes(text: string): string[] {
  const bytes = Buffer.from(text);
  return [...inBase64(bytes), ...inHex(bytes)];
}

/** The value itself, then what is next to it. */
function inJson(text: string): string[] {
  let level = [text];
  const found = [...level];
  for (let depth = 0; depth < JSON_DEPTH; depth += 1) {
    // Python writes ASCII only.
    level = [...new Set(level.map(jsonEscaped).flatMap((escaped) => [escaped, asciiOnly(escaped)]))];
    found.push(...level);
  }
  return found;
}

/** A text as it stands between the quotes of JSON. */
export function jsonEscaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function asciiOnly(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** In a path, in a query, in a form, by strict and by lenient encoders, in capitals and small letters. */
function inUrls(text: string): string[] {
  // Half a pair of surrogates cannot be encoded.
  const wellFormed = Buffer.from(text).toString();
  const component = encodeURIComponent(wellFormed);
  const strict = component.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams([['', wellFormed]]).toString().slice(1);
  const found = [component, strict, form, strict.replaceAll('%2F', '/'), encodeURI(wellFormed)];
  return [
    ...found,
    ...found.map((encoded) => encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())),
  ];
}

/** Wherever it stands in what was encoded: the characters that only its own bytes decide, at the three offsets. */
function inBase64(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
    const first = Math.ceil((offset * 8) / 6);
    const end = Math.floor((padded.length * 8) / 6);
    return [padded.toString('base64').slice(first, end), padded.toString('base64url').slice(first, end)];
  });
}

function inHex(bytes: Buffer): string[] {
  const hex = bytes.toString('hex');
  return [hex, hex.toUpperCase()];
}
