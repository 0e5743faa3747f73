/**
 * Stored lists that a runner reads and writes page by page. The page after the one that is asked for is read ahead,
 * and the runner goes on while its last page is being written: one page each, so memory stays flat.
 */
import type { Hole } from '@noetl/protocol';
import type { ListWriter, ValueStore } from '../tool.ts';

interface Ahead {
  ref: string;
  from: number;
  items: Promise<string[]>;
}

export class RunnerLists {
  readonly #values: ValueStore;
  #ahead: Ahead | undefined;
  #writer: ListWriter | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(values: ValueStore) {
    this.#values = values;
  }

  async read(ref: string, from: number, to: number): Promise<string[]> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    const isAhead = ahead?.ref === ref && ahead.from === from;
    const items = await (isAhead ? ahead.items : this.#values.list(ref, from, to));
    if (items.length === to - from) {
      const next = this.#values.list(ref, to, to + items.length);
      this.#ahead = { ref, from: to, items: quiet(next) };
    }
    return items;
  }

  open(): void {
    this.#writer = this.#values.newList();
  }

  /** Resolves when the page before this one is stored. */
  async write(itemsText: string, count: number): Promise<void> {
    await this.#writing;
    this.#writing = quiet(this.#writer?.page(itemsText, count) ?? Promise.resolve());
  }

  async close(): Promise<Hole | undefined> {
    await this.#writing;
    return this.#writer?.end();
  }
}

/** The same promise; a failure shows to whoever awaits it, and to nobody else. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
