/**
 * Resident JavaScript runner: takes frames of items, runs the step's code for each, answers with results and prints.
 * Reads and writes its pipes synchronously, so that code can read stored lists in the middle of a loop.
 * The vm context keeps items from sharing globals by accident; the boundary is this process.
 */
import { readSync, writeSync } from 'node:fs';
import { createContext, Script } from 'node:vm';

const PRINT_MAX = 64 * 1024;
const RESULT_MAX = 10 * 1024 * 1024;
const DEPTH_MAX = 100;
const PART_MAX = 64 * 1024;
const PAGE_BYTES = 256 * 1024;
const PAGE_ITEMS = 1000;
const FLUSH_MS = 20;
const FILE = '<step>';
const PROGRAMS_MAX = 100;

const waiting = [];
let stopped;

function readExactly(size) {
  const bytes = Buffer.allocUnsafe(size);
  let filled = 0;
  while (filled < size) {
    const count = readSync(0, bytes, filled, size - filled, null);
    if (count === 0) process.exit(0);
    filled += count;
  }
  return bytes;
}

function readFrame() {
  const payload = readExactly(readExactly(4).readUInt32BE());
  const end = payload.indexOf(10);
  return { header: JSON.parse(payload.toString('utf8', 0, end)), body: payload.subarray(end + 1) };
}

function writeFrame(header, ...chunks) {
  const line = Buffer.from(`${JSON.stringify(header)}\n`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(chunks.reduce((sum, chunk) => sum + chunk.length, line.length));
  const bytes = Buffer.concat([length, line, ...chunks]);
  for (let written = 0; written < bytes.length;) written += writeSync(1, bytes, written);
}

/** Sends a question and waits for its answer; frames of work that come before it wait their turn. */
function ask(header, ...chunks) {
  writeFrame(header, ...chunks);
  for (;;) {
    const frame = readFrame();
    if (frame.header.op === 'answer') return frame;
    waiting.push(frame);
  }
}

/** A stored list that is read page by page: length, iteration, `at`, index, and the usual array methods. */
class LazyList {
  #ref;
  #from = 0;
  #page = [];

  constructor(ref) {
    this.#ref = ref;
    this.length = ref.count;
    return new Proxy(this, {
      get: (target, key) =>
        typeof key === 'string' && /^\d+$/.test(key) ? target.at(Number(key)) : bound(target, key),
    });
  }

  *[Symbol.iterator]() {
    for (let from = 0; from < this.length;) {
      const page = this.#read(from);
      if (page.length === 0) return;
      yield* page;
      from += page.length;
    }
  }

  at(index) {
    const place = index < 0 ? index + this.length : index;
    if (place < 0 || place >= this.length) return undefined;
    if (place < this.#from || place >= this.#from + this.#page.length) {
      this.#from = place - (place % PAGE_ITEMS);
      this.#page = this.#read(this.#from);
    }
    return this.#page[place - this.#from];
  }

  slice(start = 0, end = this.length) {
    const clamp = (index) => Math.min(this.length, Math.max(0, index < 0 ? index + this.length : index));
    const items = [];
    for (let index = clamp(start); index < clamp(end); index += 1) items.push(this.at(index));
    return items;
  }

  map(change) {
    const items = [];
    this.forEach((item, index) => items.push(change(item, index)));
    return items;
  }

  filter(keep) {
    const items = [];
    this.forEach((item, index) => keep(item, index) && items.push(item));
    return items;
  }

  forEach(visit) {
    let index = 0;
    for (const item of this) {
      visit(item, index);
      index += 1;
    }
  }

  reduce(combine, ...initial) {
    let value = initial[0];
    let first = initial.length === 0;
    this.forEach((item, index) => {
      value = first ? item : combine(value, item, index);
      first = false;
    });
    return value;
  }

  toJSON() {
    return { _ref: this.#ref };
  }

  #read(from) {
    return JSON.parse(ask({ op: 'read', ref: this.#ref.ref, from, to: from + PAGE_ITEMS }).body.toString());
  }
}

function bound(target, key) {
  const value = Reflect.get(target, key, target);
  return typeof value === 'function' ? value.bind(target) : value;
}

class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** JSON text of a result; refuses what Postgres cannot hold. */
function encode(value) {
  const text = JSON.stringify(value ?? null, plain) ?? 'null';
  if (text.includes('\\u0000')) {
    throw new Refused(
      'RESULT_NOT_STORABLE',
      'the result holds the character U+0000, which Postgres cannot store',
    );
  }
  if (/\\ud[89a-f]/i.test(text)) {
    throw new Refused('RESULT_NOT_STORABLE', 'the result holds a lone surrogate, which is no character');
  }
  if (depthOf(value) > DEPTH_MAX) {
    throw new Refused('RESULT_NOT_STORABLE', `the result nests deeper than ${DEPTH_MAX} levels`);
  }
  return text;
}

function plain(_, value) {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map || Object.prototype.toString.call(value) === '[object Map]')
    return Object.fromEntries(value);
  if (Object.prototype.toString.call(value) === '[object Set]') return [...value];
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
function encodeResult(value, stream) {
  let result = value;
  if (stream && Array.isArray(result)) result = offload(result) ?? result;
  else if (stream && typeof result === 'object' && result !== null && !(result instanceof LazyList)) {
    const entries = Object.entries(result).map(([key, item]) => [
      key,
      Array.isArray(item) ? (offload(item) ?? item) : item,
    ]);
    if (typeof result.toJSON !== 'function') result = Object.fromEntries(entries);
  }
  const data = Buffer.from(encode(result));
  if (data.length > RESULT_MAX) {
    throw new Refused('RESULT_TOO_LARGE', `the result has ${data.length} bytes; ${RESULT_MAX} are possible`);
  }
  return data;
}

function offload(items) {
  let texts = [];
  let size = 0;
  let held = 0;
  let opened = false;
  const flush = () => {
    if (!opened) ask({ op: 'list_open' });
    opened = true;
    ask({ op: 'list_page', count: texts.length }, Buffer.from(`[${texts.join(',')}]`));
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

const programs = new Map();

/** The code as an async function of its inputs: `return`, `result = …` or `main(input)` gives the value. */
function compile(code, names) {
  const key = `${names.join()}\n${code}`;
  const known = programs.get(key);
  if (known) return known;
  if (programs.size >= PROGRAMS_MAX) programs.clear();
  const head = `'use strict'; (async (input, context, console, execution_id${names.map((name) => `, ${name}`).join('')}) => { let result; {`;
  const tail = `\n;if (typeof result !== 'undefined') return result; if (typeof main === 'function') return await main(input, context); } })`;
  const script = new Script(`${head}\n${code}${tail}`, { filename: FILE, lineOffset: -1 });
  programs.set(key, script);
  return script;
}

const HOST = {
  setTimeout,
  clearTimeout,
  URL,
  URLSearchParams,
  TextEncoder,
  TextDecoder,
  structuredClone,
  atob,
  btoa,
};

/** A context for the items of one frame. */
function freshContext() {
  return createContext({ ...HOST }, { codeGeneration: { strings: false, wasm: false } });
}

/** What an item left on the global object, the next one must not find. */
function clearGlobals(context) {
  for (const key of Reflect.ownKeys(context)) {
    if (!Object.hasOwn(HOST, key)) Reflect.deleteProperty(context, key);
  }
  Object.assign(context, HOST);
}

function openHoles(value) {
  if (Array.isArray(value)) return value.map(openHoles);
  if (typeof value !== 'object' || value === null) return value;
  const ref = value._ref;
  if (typeof ref === 'object' && ref !== null && (ref.kind === 'list' || ref.kind === 'loop'))
    return new LazyList(ref);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, openHoles(item)]));
}

function printer() {
  let text = '';
  const print = (...values) => {
    if (text.length < PRINT_MAX) text += `${values.map(shown).join(' ')}\n`;
  };
  const console = Object.freeze({ log: print, info: print, warn: print, error: print, debug: print });
  const captured = () =>
    text.length > PRINT_MAX ? `${text.slice(0, PRINT_MAX)}\n… output cut at 64 KiB\n` : text;
  return { console, captured };
}

function shown(value) {
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value, plain) ?? String(value);
  } catch {
    return String(value);
  }
}

function failure(error) {
  if (error instanceof Refused) return { code: error.code, message: error.message };
  const type = error?.name ?? typeof error;
  const stack = String(error?.stack ?? '');
  const line = Number(/<step>:(\d+)/.exec(stack)?.[1] ?? NaN);
  const isSyntax = type === 'SyntaxError' && stack.startsWith(FILE);
  const where = Number.isNaN(line) ? '' : ` (line ${line})`;
  const frames = stack
    .split('\n')
    .filter((text) => text.includes(FILE))
    .slice(0, 20);
  return {
    code: isSyntax ? 'CODE_SYNTAX' : 'CODE_EXCEPTION',
    message: `${type}: ${String(error?.message ?? error)}${where}`.slice(0, 4000),
    ...(Number.isNaN(line) ? {} : { line }),
    type,
    traceback: frames.join('\n').slice(0, 8000),
  };
}

async function runItem(frame, index, context) {
  const { console, captured } = printer();
  const started = performance.now();
  let status = 'ok';
  let data;
  try {
    let input = frame.items[index];
    let given = frame.context ? JSON.parse(frame.context) : {};
    if (frame.holes) [input, given] = [openHoles(input), openHoles(given)];
    const names = Object.keys(input).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && !RESERVED.has(name));
    const run = compile(frame.code, names).runInContext(context);
    const value = await run(
      input,
      given,
      console,
      frame.names.execution_id,
      ...names.map((name) => input[name]),
    );
    data = encodeResult(
      value === undefined ? { status: 'success', stdout: captured() } : value,
      frame.stream,
    );
  } catch (error) {
    status = 'error';
    data = Buffer.from(JSON.stringify(failure(error)).replaceAll('\\u0000', ''));
  }
  return { status, data, out: captured().replaceAll('\0', ''), ms: performance.now() - started };
}

const RESERVED = new Set(['input', 'context', 'console', 'execution_id', 'result', 'arguments', 'eval']);

async function runFrame(frame) {
  let outcomes = [];
  let chunks = [];
  let flushed = performance.now();
  const context = freshContext();
  for (let index = 0; index < frame.items.length && stopped !== frame.batch; index += 1) {
    const { status, data, out, ms } = await runItem(frame, index, context);
    clearGlobals(context);
    outcomes.push({ s: status, n: data.length, o: out, ms: Math.round(ms * 1000) / 1000 });
    chunks.push(data);
    if (status === 'error' && frame.stop_on_error) stopped = frame.batch;
    const now = performance.now();
    const more = index + 1 < frame.items.length;
    if (more && (frame.each || now - flushed > FLUSH_MS)) {
      writeFrame({ op: 'out', items: outcomes }, ...chunks);
      outcomes = [];
      chunks = [];
      flushed = now;
    }
  }
  writeFrame({ op: 'out', items: outcomes, end: true }, ...chunks);
}

writeFrame({ op: 'ready' });
for (;;) {
  const { header } = waiting.shift() ?? readFrame();
  if (header.op === 'run') await runFrame(header);
}
