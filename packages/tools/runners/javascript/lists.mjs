/** Stored lists as the author's code sees them: read page by page through the worker. */
import { ask } from './frames.mjs';

export const PAGE_ITEMS = 1000;

/** A stored list that is read page by page: length, iteration, `at`, index, and the usual array methods. */
export class LazyList {
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

/** References in inputs become lazy lists. */
export function openHoles(value) {
  if (Array.isArray(value)) return value.map(openHoles);
  if (typeof value !== 'object' || value === null) return value;
  const ref = value._ref;
  if (typeof ref === 'object' && ref !== null && (ref.kind === 'list' || ref.kind === 'loop'))
    return new LazyList(ref);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, openHoles(item)]));
}
