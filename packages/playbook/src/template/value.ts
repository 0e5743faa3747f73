/** What expressions compute with besides JSON: lazy ranges, functions, views of step results, and holes. */
import { isJsonObject, refOf, type Json, type JsonObject, type Ref } from '@noetl/protocol';

/** A range that is never written out unless somebody iterates over it. */
export class Range {
  readonly start: number;
  readonly step: number;
  readonly count: number;

  constructor(start: number, stop: number, step: number) {
    this.start = start;
    this.step = step;
    this.count = Math.max(0, Math.ceil((stop - start) / step));
  }

  at(index: number): number {
    return this.start + index * this.step;
  }
}

export type Arguments = { positional: unknown[]; named: Record<string, unknown> };

/** A function that templates may call; host functions are never reachable otherwise. */
export class Callable {
  /** Private, so that no look-up of a template finds the host's function. */
  readonly #call: (args: Arguments) => unknown;

  constructor(call: (args: Arguments) => unknown) {
    this.#call = call;
  }

  call(args: Arguments): unknown {
    return this.#call(args);
  }
}

/** Sets a key of data, whatever its name: plain assignment of `__proto__` would change the object's prototype. */
export function setOwn(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/**
 * A whole number that Python keeps as a float, so that it prints with its point: what `/`, `| float`, `| round` and
 * `2.0` give. It never leaves the evaluator: outside it is a number like any other.
 */
export class Float {
  readonly #value: number;

  constructor(value: number) {
    this.#value = value;
  }

  valueOf(): number {
    return this.#value;
  }

  toJSON(): number {
    return this.#value;
  }
}

/** A float as Python has it; numbers with a fraction show by themselves. */
export function float(value: number): unknown {
  return Number.isInteger(value) ? new Float(value) : value;
}

export function bare(value: unknown): unknown {
  return value instanceof Float ? value.valueOf() : value;
}

/** A group of `groupby`: the pair of its key and its items, which also go by name. */
export class Group extends Array<unknown> {
  get(key: string): unknown {
    return key === 'grouper' ? this[0] : key === 'list' ? this[1] : undefined;
  }
}

/** What `namespace()` gives: the one kind of value that `{% set ns.x = … %}` changes. */
export class Namespace {
  [key: string]: unknown;
}

/** Templates look inside a stored value that has not been loaded: the caller loads it and evaluates again. */
export class NeedsValue extends Error {
  readonly refs: string[];

  constructor(refs: string[]) {
    super(`stored values are needed: ${refs.join(', ')}`);
    this.name = 'NeedsValue';
    this.refs = refs;
  }
}

/** Names that lead out of data into the host's objects. */
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/** Own property of a JSON object, else undefined; never a prototype's. */
export function ownProperty(object: JsonObject, key: string): Json | undefined;
export function ownProperty(object: Record<string, unknown>, key: string): unknown;
export function ownProperty(object: Record<string, unknown>, key: string): unknown {
  return !FORBIDDEN.has(key) && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** How a step's value is stored: see `step_kinds` of the context. */
export type StepKind = 'loop' | 'pipeline' | `task:${string}` | undefined;

/**
 * The value of a step as templates read it. Several spellings reach the same data (`s.x`, `s.data.x`, `s.task.x`,
 * `s.results.task.x`), without copies.
 */
export class StepView {
  readonly value: Json;
  readonly kind: StepKind;

  constructor(value: Json, kind: StepKind) {
    this.value = value;
    this.kind = kind;
  }

  /** The value as it is passed on to tools and variables. */
  native(): Json {
    if (this.kind !== 'pipeline') return this.value;
    const { results, last } = this.#pipeline();
    const value = results[last] ?? null;
    return isJsonObject(value) && !refOf(value) ? { ...value, ...results, results } : value;
  }

  get(key: string): unknown {
    if (this.kind === 'pipeline') return this.#ofPipeline(key);
    const own = isJsonObject(this.value) ? ownProperty(this.value, key) : undefined;
    if (own !== undefined) return own;
    if (this.kind === 'loop') return this.#ofLoop(key);
    if (this.kind === `task:${key}`) return this.value;
    const inBody = bodyOf(this.value);
    if (inBody && ownProperty(inBody, key) !== undefined) return ownProperty(inBody, key);
    if (key === 'data' || key === 'result') return this.value;
    if (key === 'results' && this.kind?.startsWith('task:')) return { [this.kind.slice(5)]: this.value };
    return undefined;
  }

  /** Values in which a key may still be found once they are loaded: of a pipeline all results, the last first. */
  stored(): Json[] {
    if (this.kind !== 'pipeline') return [this.native()];
    return Object.values(this.#pipeline().results).reverse();
  }

  /** What `length` and iteration work on: a loop's results, else the value. */
  sequence(): Json {
    if (this.kind === 'loop' && isJsonObject(this.value)) return this.value['results'] ?? [];
    return this.native();
  }

  #ofLoop(key: string): Json | undefined {
    if (!isJsonObject(this.value)) return undefined;
    if (key === 'data' || key === 'result') return this.value['results'];
    const stats = this.value['stats'];
    return key === 'count' && isJsonObject(stats) ? stats['total'] : undefined;
  }

  #ofPipeline(key: string): Json | undefined {
    const { results, last } = this.#pipeline();
    if (key === 'results') return results;
    const byTask = ownProperty(results, key);
    if (byTask !== undefined) return byTask;
    for (const value of Object.values(results).reverse()) {
      const own = isJsonObject(value) ? ownProperty(value, key) : undefined;
      if (own !== undefined) return own;
    }
    return key === 'data' || key === 'result' ? results[last] : undefined;
  }

  #pipeline(): { results: JsonObject; last: string } {
    return this.value as unknown as { results: JsonObject; last: string };
  }
}

/**
 * The outcome of a tool, as `output`: its own fields (status, data, error, http …) by name, and as a whole the tool's
 * bare result.
 */
export class OutcomeView extends StepView {
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(value: Json, fields: Record<string, unknown>) {
    super(value, undefined);
    this.fields = fields;
  }

  override get(key: string): unknown {
    return Object.hasOwn(this.fields, key) ? this.fields[key] : super.get(key);
  }
}

/** A step's value as it is passed on: of a pipeline, the last task's with all results beside. */
export function nativeValue(value: Json, kind: StepKind): Json {
  return new StepView(value, kind).native();
}

/** The value itself when a step's value is a number, text, bool or None: filters and tests look at its type. */
export function scalarOf(value: unknown): unknown {
  if (!(value instanceof StepView)) return value;
  const native = value.native();
  return typeof native === 'object' && native !== null ? value : native;
}

/** The body of an HTTP answer: its keys are reachable on top of the envelope. */
function bodyOf(value: Json): JsonObject | undefined {
  if (!isJsonObject(value) || value['status_code'] === undefined || value['headers'] === undefined)
    return undefined;
  const { body } = value;
  return isJsonObject(body) ? body : undefined;
}

/** The reference of a hole, for values of any kind. */
export function holeOf(value: unknown): Ref | undefined {
  return refOf(value);
}
