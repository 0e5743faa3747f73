/** Budgets of one evaluation, and the way into stored values. */
import { isJsonObject, NoetlError, type Json } from '@noetl/protocol';
import type { Node } from './evaluate.ts';
import { printed } from './print.ts';
import { refuseLarger } from './size.ts';
import { Callable, Float, holeOf, NeedsValue, Range, StepView } from './value.ts';

/** Where names come from. */
export interface Scope {
  /** Undefined when the name is not known. */
  lookup(name: string): unknown;
  /** The loaded content of a stored value; undefined when it is not loaded (yet). */
  resolve?(ref: string): Json | undefined;
}

const OPERATIONS_MAX = 1_000_000;
/** Characters of text that one template makes. */
const OUTPUT_MAX = 1024 * 1024;
const DEPTH_MAX = 64;

/**
 * Runs a piece of template work so that only our own errors leave it: what the host throws (stack, text length,
 * malformed characters) is the template's fault, and an author must see it as such.
 */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof NoetlError || error instanceof NeedsValue) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new NoetlError(
      error instanceof RangeError ? 'TEMPLATE_BUDGET' : 'TEMPLATE_ERROR',
      `the template cannot be evaluated: ${message}`,
    );
  }
}

export class Environment {
  readonly scope: Scope;
  readonly #locals: Map<string, unknown>[] = [];
  #operations = 0;
  #depth = 0;
  #written = 0;
  #capturing = 0;
  readonly #insert: ((node: Node) => string) | undefined;

  /** `insert`: what stands in the text for the value of an expression, where it is not printed. */
  constructor(scope: Scope, insert?: (node: Node) => string) {
    this.scope = scope;
    this.#insert = insert;
  }

  /** See `insert`; undefined where values are printed, and while a piece of the body is rendered to a value. */
  inserted(node: Node): string | undefined {
    return this.#capturing > 0 ? undefined : this.#insert?.(node);
  }

  /** Runs `work`, whose text becomes a value: of a `set` block, a macro, a filter block. */
  capture<T>(work: () => T): T {
    this.#capturing += 1;
    try {
      return work();
    } finally {
      this.#capturing -= 1;
    }
  }

  /** Counts work; throws TEMPLATE_BUDGET when there is too much of it. */
  spend(operations = 1): void {
    this.#operations += operations;
    // Said this way round, a count that is no number ends the work, too.
    if (!(this.#operations <= OPERATIONS_MAX)) {
      throw new NoetlError(
        'TEMPLATE_BUDGET',
        `a template takes more than ${String(OPERATIONS_MAX)} operations`,
      );
    }
  }

  /** Refuses texts that grow beyond the output cap. */
  text(text: string): string {
    this.willMake(text.length);
    this.spend(text.length >> 6);
    return text;
  }

  /** As {@link text}, before there is one: `length` characters are about to be made. */
  willMake(length: number): void {
    if (!(length <= OUTPUT_MAX))
      throw new NoetlError('TEMPLATE_BUDGET', 'a template makes more than 1 MiB of text');
  }

  /** Text with a piece more, of which only the piece is work. */
  appended(text: string, piece: string): string {
    this.willMake(text.length + piece.length);
    this.spend(piece.length >> 6);
    return text + piece;
  }

  /** Counts a search for `part`: where both are long, the host compares them many times. */
  search(text: string, part: string): void {
    this.spend((text.length >> 6) + (text.length * Math.min(part.length, text.length)) / 4096);
  }

  /** Counts text that goes into one program together with what was counted before. */
  written(text: string): string {
    this.#written += text.length;
    this.willMake(this.#written);
    return text;
  }

  /** A value as text, as it stands in the middle of a template. */
  print(value: unknown): string {
    if (typeof value === 'string') return this.text(value);
    return this.text(printed(this.printable(value)));
  }

  /** As {@link openDeep}; refused when its text would be beyond the output cap, before it is made. */
  printable(value: unknown): unknown {
    const opened = this.openDeep(value);
    refuseLarger(opened, OUTPUT_MAX);
    return opened;
  }

  nested<T>(work: () => T): T {
    if (this.#depth >= DEPTH_MAX) throw new NoetlError('TEMPLATE_BUDGET', 'a template is nested too deeply');
    this.#depth += 1;
    try {
      return work();
    } finally {
      this.#depth -= 1;
    }
  }

  lookup(name: string): unknown {
    for (let level = this.#locals.length - 1; level >= 0; level -= 1) {
      const locals = this.#locals[level] as Map<string, unknown>;
      if (locals.has(name)) return locals.get(name);
    }
    return this.scope.lookup(name);
  }

  assign(name: string, value: unknown): void {
    const locals = this.#locals.at(-1);
    if (locals) locals.set(name, value);
    else this.#locals.push(new Map([[name, value]]));
  }

  withLocals<T>(locals: Map<string, unknown>, work: () => T): T {
    this.#locals.push(locals);
    try {
      return work();
    } finally {
      this.#locals.pop();
    }
  }

  /** The content behind a hole or a step's view; other values as they are. */
  open(value: unknown): unknown {
    const plain = value instanceof StepView ? value.native() : value;
    const ref = holeOf(plain);
    if (!ref) return plain;
    const loaded = this.scope.resolve?.(ref.ref);
    if (loaded === undefined) throw new NeedsValue([ref.ref]);
    return loaded;
  }

  /** As JSON all the way down, with holes opened: for printing and comparing. */
  openDeep(value: unknown): unknown {
    const opened = this.open(value);
    this.spend();
    if (opened instanceof Float || opened instanceof Callable) return opened;
    if (opened instanceof Range) return Array.from(this.iterate(opened));
    if (Array.isArray(opened)) return this.nested(() => opened.map((item) => this.openDeep(item)));
    if (isJsonObject(opened)) {
      return this.nested(() =>
        Object.fromEntries(Object.entries(opened).map(([key, item]) => [key, this.openDeep(item)])),
      );
    }
    return opened;
  }

  /** Items of a sequence, keys of a mapping, characters of a text; nothing of what is undefined or None. */
  *iterate(value: unknown): Generator {
    const opened = this.open(value instanceof StepView ? value.sequence() : value);
    if (opened === undefined || opened === null) return;
    if (opened instanceof Range) {
      for (let index = 0; index < opened.count; index += 1) {
        this.spend();
        yield opened.at(index);
      }
      return;
    }
    const items =
      Array.isArray(opened) || typeof opened === 'string'
        ? opened
        : isJsonObject(opened)
          ? Object.keys(opened)
          : undefined;
    if (items === undefined)
      throw new NoetlError('TEMPLATE_ERROR', `${typeof opened} cannot be iterated over`);
    for (const item of items) {
      this.spend();
      yield item;
    }
  }
}
