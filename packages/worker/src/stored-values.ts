/** Stored values as tools read and write them: pages of lists, whole values, new lists written while they arrive. */
import { hole, makeRef, type Id } from '@noetl/protocol';
import { readItems, readValue, writePage, type Store } from '@noetl/store';
import type { ListWriter, ValueStore } from '@noetl/tools';

/** Values of one execution; `newId` gives ids for lists. */
export function storedValues(store: Store, executionId: Id, newId: () => Id): ValueStore {
  return {
    list: (ref, from, to) => readItems(store, ref, from, to),
    value: (ref) => readValue(store, ref),
    newList: () => listWriter(store, executionId, newId()),
  };
}

function listWriter(store: Store, executionId: Id, listId: Id): ListWriter {
  let pages = 0;
  let items = 0;
  let bytes = 0;
  return {
    async page(itemsText, count) {
      const place = { execution_id: executionId, list_id: listId, page_index: pages, from_index: items };
      pages += 1;
      items += count;
      bytes += itemsText.length;
      await writePage(store, { ...place, items_text: itemsText, count });
    },
    end: () => Promise.resolve(hole(makeRef(executionId, 'list', listId, items, bytes))),
  };
}
