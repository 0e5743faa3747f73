/**
 * What all items of a batch share: the program, compiled once, in a vm context of its own, and its inputs. The
 * context keeps items from sharing globals by accident; the boundary is the process.
 */
import { constants, createContext, Script } from 'node:vm';
import { openHoles } from './lists.mjs';
import { console } from './prints.mjs';

export const FILE = '<step>';
const PROGRAMS_MAX = 32;

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

/**
 * A global object without interceptors, which make every use of a global slow. What is on it can be neither changed
 * nor listed, so that whatever can be listed was left there by an item.
 */
function freshGlobals() {
  const globals = createContext(constants.DONT_CONTEXTIFY, {
    codeGeneration: { strings: false, wasm: false },
  });
  Object.assign(globals, HOST);
  for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(globals))) {
    if (!property.configurable) continue;
    const fixed = 'value' in property ? { writable: false } : {};
    Object.defineProperty(globals, key, { ...fixed, enumerable: false, configurable: false });
  }
  return globals;
}

const RESERVED = new Set(['input', 'context', 'console', 'execution_id', 'result', 'arguments', 'eval']);

/**
 * One program: its global object, and its function for each set of input names. Kept from batch to batch and from
 * execution to execution, because a function that lives on is a function that gets fast.
 */
class Program {
  code;
  #globals = freshGlobals();
  /** Strict code reaches its global object by this name only, be it written with an escape. */
  #seesGlobals;
  #functions = new Map();

  constructor(code) {
    this.code = code;
    this.#seesGlobals = /globalThis|\\u/.test(code);
  }

  functionFor(input) {
    const all = Object.keys(input);
    const key = all.join();
    let known = this.#functions.get(key);
    if (!known) {
      const names = all.filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && !RESERVED.has(name));
      known = { names, run: this.#compile(names) };
      this.#functions.set(key, known);
    }
    return known;
  }

  /** What an item left on the global object, the next one must not find. */
  clearGlobals() {
    if (!this.#seesGlobals) return;
    for (const key of Object.keys(this.#globals)) Reflect.deleteProperty(this.#globals, key);
  }

  /** The code as an async function of its inputs: `return`, `result = …` or `main(input)` gives the value. */
  #compile(names) {
    const parameters = ['input', 'context', 'console', 'execution_id', ...names].join(', ');
    const head = `'use strict'; (async (${parameters}) => { let result; {`;
    const tail = `\n;if (typeof result !== 'undefined') return result; if (typeof main === 'function') return await main(input, context); } })`;
    const script = new Script(`${head}\n${this.code}${tail}`, { filename: FILE, lineOffset: -1 });
    return script.runInContext(this.#globals);
  }
}

const programs = new Map();

function programOf(code) {
  const known = programs.get(code);
  if (known) return known;
  if (programs.size >= PROGRAMS_MAX) programs.clear();
  const program = new Program(code);
  programs.set(code, program);
  return program;
}

export class Batch {
  #program;
  #executionId;
  #context;
  #sharedText;
  #shared;
  #sharedIsPlain;
  #itemName;
  #ready;

  constructor({ code, names, context, shared, item_name, stream, stop_on_error }) {
    this.#executionId = names.execution_id;
    this.#program = programOf(code);
    this.#context = context;
    this.#sharedText = shared;
    this.#shared = JSON.parse(shared);
    this.#sharedIsPlain = Object.values(this.#shared).every(
      (value) => typeof value !== 'object' || value === null,
    );
    this.#itemName = item_name;
    this.hasHoles = context !== null || shared.includes('"_ref"');
    this.stream = stream;
    this.stopOnError = stop_on_error;
    this.stopped = false;
  }

  /** What the code makes of the item, or a promise of it; throws what the code throws. */
  run(item, holes) {
    this.#ready ??= this.#readyCall();
    const { run, parameters, place } = this.#ready;
    if (run === undefined || holes) return this.#runWhole(item, holes);
    parameters[place] = item;
    return Reflect.apply(run, undefined, parameters);
  }

  /** After each item, however it went. */
  clear() {
    this.#program.clearGlobals();
  }

  /**
   * The usual call, made ready once: all inputs but the item are the same immutable values, and the code takes them by
   * their names only.
   */
  #readyCall() {
    const isUsual = this.#itemName !== null && this.#sharedIsPlain && this.#context === null;
    if (!isUsual || /\b(input|context|main)\b|\\u/.test(this.#program.code)) return {};
    const input = { ...this.#shared, [this.#itemName]: null };
    const { names, run } = this.#program.functionFor(input);
    const known = [undefined, undefined, console, this.#executionId];
    const place = names.indexOf(this.#itemName);
    if (place < 0) return {};
    return { run, parameters: [...known, ...names.map((name) => input[name])], place: known.length + place };
  }

  #runWhole(item, holes) {
    let input = this.#inputs(item);
    let given = this.#context === null ? {} : JSON.parse(this.#context);
    if (holes) [input, given] = [openHoles(input), openHoles(given)];
    const { names, run } = this.#program.functionFor(input);
    return run(input, given, console, this.#executionId, ...names.map((name) => input[name]));
  }

  /** Containers are decoded for each item: what one changes, the next must not see. */
  #inputs(item) {
    const shared = this.#sharedIsPlain ? this.#shared : JSON.parse(this.#sharedText);
    return this.#itemName === null ? { ...shared, ...item } : { ...shared, [this.#itemName]: item };
  }
}
