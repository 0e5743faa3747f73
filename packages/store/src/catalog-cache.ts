/** Catalog entries, read once each: a version never changes. */
import { LRUCache } from 'lru-cache';
import { NoetlError, type Id } from '@noetl/protocol';
import { findResource } from './catalog.ts';
import type { Store } from './database.ts';

const ENTRIES_KEPT = 256;

/** Gives what `read` makes of an entry's text; throws VERSION_UNKNOWN when the catalog has no such entry. */
export function catalogCache<T extends object>(
  store: Store,
  read: (content: string) => T,
): (catalogId: Id) => Promise<T> {
  const kept = new LRUCache<Id, T>({
    max: ENTRIES_KEPT,
    fetchMethod: async (catalogId) => {
      const entry = await findResource(store, { catalog_id: catalogId });
      if (!entry)
        throw new NoetlError('VERSION_UNKNOWN', `catalog entry ${catalogId} is not in the database`);
      return read(entry.content);
    },
  });
  return (catalogId) => kept.forceFetch(catalogId);
}
