/** Pages of a loop's items, as a list that shows a part of them needs them: few are kept, none is fetched twice at once. */
import { useEffect, useState } from 'react';
import { read, urlOf, type LoopPath, type LoopState, type Schemas } from '../api.ts';
import type { Item } from '../answers.ts';

export const PAGE = 100;
/** Pages kept; those unused for longest go first. */
const KEPT_MAX = 30;
/** Characters of item and result in a list. */
const PREVIEW = 120;

export function fetchItems(
  { id, step }: LoopPath,
  after: number,
  state?: LoopState,
): Promise<Schemas['LoopItemPage']> {
  const query = { after, limit: PAGE, preview: PREVIEW, ...(state && { state }) };
  return read(urlOf('/api/executions/{id}/loops/{step}/items', { path: { id, step }, query }));
}

/** The items of the pages `[first, last]` by index, where they are there yet; read again when `version` changes. */
export function useItemPages(
  { id, step }: LoopPath,
  first: number,
  last: number,
  version: unknown,
): { items: Map<number, Item>; isLoaded: (index: number) => boolean } {
  const [kept, setKept] = useState(() => new Map<number, { version: unknown; items: Item[] }>());
  useEffect(() => {
    let isWanted = true;
    for (let page = first; page <= last; page += 1) {
      if (kept.get(page)?.version === version) continue;
      void fetchItems({ id, step }, page * PAGE - 1).then(
        ({ items }) => {
          if (isWanted) setKept((before) => withPage(before, page, { version, items }));
        },
        () => undefined,
      );
    }
    return () => {
      isWanted = false;
    };
    // What is kept only saves requests: its change starts none.
  }, [id, step, first, last, version]);
  const shown = new Map<number, Item>();
  for (let page = first; page <= last; page += 1)
    for (const item of kept.get(page)?.items ?? [])
      if (Math.floor(item.current_index / PAGE) === page) shown.set(item.current_index, item);
  return { items: shown, isLoaded: (index) => kept.has(Math.floor(index / PAGE)) };
}

function withPage<V>(before: Map<number, V>, page: number, value: V): Map<number, V> {
  const after = new Map(before);
  after.delete(page);
  after.set(page, value);
  for (const oldest of after.keys()) {
    if (after.size <= KEPT_MAX) break;
    after.delete(oldest);
  }
  return after;
}
