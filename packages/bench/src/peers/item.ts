/**
 * The work of every peer: the items and the body of `playbooks/load_test/heavy_loop_aggregation_js`, and the check
 * that every result is there once and is right.
 */
import type { Tally } from './peer.ts';

export interface HeavyItem {
  id: number;
  name: string;
  category: string;
  priority: number;
  data: { label: string; amount: number; even: boolean };
}

export interface HeavyResult {
  item_id: number;
  item_name: string;
  category: string;
  priority: number;
  hash: string;
  computed_value: number;
  is_even: boolean;
  processed_at: number;
  padding: string;
}

export function heavyItems(count: number): HeavyItem[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    name: `item_${String(id).padStart(4, '0')}`,
    category: `category_${id % 10}`,
    priority: id % 5,
    data: { label: `label_${id}`, amount: id * 100, even: id % 2 === 0 },
  }));
}

export function heavyBody(item: HeavyItem, padding: number): HeavyResult {
  let hash = 2166136261;
  for (const character of JSON.stringify(item)) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619) >>> 0;
  }
  return {
    item_id: item.id,
    item_name: item.name,
    category: item.category,
    priority: item.priority,
    hash: hash.toString(16),
    computed_value: item.data.amount * 2,
    is_even: item.data.even,
    processed_at: Date.now() / 1000,
    padding: 'x'.repeat(padding),
  };
}

/** Counts distinct items; the sum depends on each result's content and on which item it belongs to, not on order. */
export function tally(results: Iterable<HeavyResult>): Tally {
  const seen = new Set<number>();
  let checksum = 0;
  for (const result of results) {
    if (seen.has(result.item_id)) throw new Error(`item ${result.item_id} has two results`);
    seen.add(result.item_id);
    // Without the hash: it is one of the item's text, and a jsonb column changes the order of keys in it.
    const content = result.computed_value ^ (result.priority << 8) ^ result.padding.length;
    checksum = (checksum + Math.imul(content, result.item_id * 2 + 1)) >>> 0;
  }
  return { count: seen.size, checksum };
}

/** Throws unless the tally is that of these items. */
export function verify(found: Tally, items: HeavyItem[], padding: number): void {
  const wanted = tally(items.map((item) => heavyBody(item, padding)));
  if (found.count !== wanted.count) throw new Error(`${found.count} of ${wanted.count} results came back`);
  if (found.checksum !== wanted.checksum) throw new Error('the results that came back have a wrong checksum');
}
