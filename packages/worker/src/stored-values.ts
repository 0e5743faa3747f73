/** Stored values as tools read and write them: pages of lists, whole values, new lists written while they arrive. */
import { hole, makeRef, type Hole, type Id } from '@noetl/protocol';
import { keepValue, listSize, newValueId, readItems, readValue, writePage, type Store } from '@noetl/store';
import type { ListWriter, ValueStore } from '@noetl/tools';

export function storedValues(store: Store, executionId: Id): ValueStore {
  return {
    list: (ref, from, to) => readItems(store, ref, from, to),
    value: (ref) => readValue(store, ref),
    size: (ref) => listSize(store, ref),
    newList: () => new PagedList(store, executionId),
    keep: async (text, about) => hole(await keepValue(store, { execution_id: executionId, text, ...about })),
  };
}

/** A list that is written page by page; its id is made with the first page. */
class PagedList implements ListWriter {
  readonly #store: Store;
  readonly #executionId: Id;
  #id: Id | undefined;
  #pages = 0;
  #items = 0;
  #bytes = 0;

  constructor(store: Store, executionId: Id) {
    this.#store = store;
    this.#executionId = executionId;
  }

  async page(items_text: string, count: number): Promise<void> {
    this.#id ??= await newValueId(this.#store);
    const place = { list_id: this.#id, page_index: this.#pages, from_index: this.#items };
    this.#pages += 1;
    this.#items += count;
    this.#bytes += items_text.length;
    await writePage(this.#store, { execution_id: this.#executionId, ...place, items_text, count });
  }

  async end(): Promise<Hole> {
    this.#id ??= await newValueId(this.#store);
    return hole(makeRef(this.#executionId, 'list', this.#id, this.#items, this.#bytes));
  }
}
