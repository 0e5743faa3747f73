/** Results as JSON text: encoded once, bounded, refused when Postgres could not hold them. */
import { ask } from './frames.mjs';
import { LazyList, PAGE_ITEMS } from './lists.mjs';

const RESULT_MAX = 10 * 1024 * 1024;
const DEPTH_MAX = 100;
const PART_MAX = 64 * 1024;
const PAGE_BYTES = 256 * 1024;
/** Items of a page are told apart by it: JSON texts hold no line breaks. */
const LINE = ',\n';

export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** JSON text of a result; refuses what Postgres cannot hold. */
function encode(value) {
  const flat = isFlat(value);
  const text = JSON.stringify(value ?? null, flat ? undefined : plain) ?? 'null';
  if (!flat) checkDepth(value, text);
  if (!text.includes('\\u')) return text;
  if (text.includes('\\u0000')) {
    throw new Refused(
      'RESULT_NOT_STORABLE',
      'the result holds the character U+0000, which Postgres cannot store',
    );
  }
  if (/\\ud[89a-f]/i.test(text)) {
    throw new Refused('RESULT_NOT_STORABLE', 'the result holds a lone surrogate, which is no character');
  }
  return text;
}

function checkDepth(value, text) {
  if (text.length > DEPTH_MAX && depthOf(value) > DEPTH_MAX) {
    throw new Refused('RESULT_NOT_STORABLE', `the result nests deeper than ${DEPTH_MAX} levels`);
  }
}

/** A flat object of scalars has nothing in it that JSON lacks a form for: the usual result of an item. */
function isFlat(value) {
  if (typeof value !== 'object' || value === null || typeof value.toJSON === 'function') return false;
  for (const key in value) {
    const type = typeof value[key];
    if (type !== 'string' && type !== 'number' && type !== 'boolean' && value[key] !== null) return false;
  }
  return tagOf(value) === '[object Object]';
}

function tagOf(value) {
  return Object.prototype.toString.call(value);
}

export function plain(_, value) {
  if (typeof value === 'bigint') return value.toString();
  if (tagOf(value) === '[object Map]') return Object.fromEntries(value);
  if (tagOf(value) === '[object Set]') return [...value];
  return value;
}

function depthOf(value, depth = 0) {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX || value instanceof LazyList)
    return depth;
  let deepest = depth;
  for (const item of Object.values(value)) {
    if (typeof item === 'object' && item !== null) deepest = Math.max(deepest, depthOf(item, depth + 1));
  }
  return deepest;
}

/** Large lists of a step leave page by page, and a reference takes their place. */
export function encodeResult(value, stream) {
  let result = value;
  if (stream && Array.isArray(result)) result = offload(result) ?? result;
  else if (stream && typeof result === 'object' && result !== null && !(result instanceof LazyList)) {
    const entries = Object.entries(result).map(([key, item]) => [
      key,
      Array.isArray(item) ? (offload(item) ?? item) : item,
    ]);
    if (typeof result.toJSON !== 'function') result = Object.fromEntries(entries);
  }
  const text = encode(result);
  if (text.length * 3 > RESULT_MAX && Buffer.byteLength(text) > RESULT_MAX) {
    throw new Refused(
      'RESULT_TOO_LARGE',
      `the result has ${Buffer.byteLength(text)} bytes; ${RESULT_MAX} are possible`,
    );
  }
  return text;
}

function offload(items) {
  let texts = [];
  let size = 0;
  let held = 0;
  let opened = false;
  const flush = () => {
    if (!opened) ask({ op: 'list_open' });
    opened = true;
    ask({ op: 'list_page', count: texts.length }, `[${texts.join(LINE)}]`);
    texts = [];
    size = 0;
  };
  for (const item of items) {
    const text = encode(item);
    texts.push(text);
    size += text.length + 1;
    held += text.length + 1;
    if ((opened || held > PART_MAX) && (size >= PAGE_BYTES || texts.length >= PAGE_ITEMS)) flush();
  }
  if (!opened && held <= PART_MAX) return undefined;
  if (texts.length > 0) flush();
  return ask({ op: 'list_close' }).header.hole;
}
