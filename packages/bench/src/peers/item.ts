/** The work of every peer: the heavy loop's items and its code, and the check that every result is there and right. */
import type { JsonObject } from '@noetl/protocol';
import { inProcess, item, itemCode } from '../item-code.ts';
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
  return Array.from({ length: count }, (_, index) => item(index) as unknown as HeavyItem);
}

export type HeavyBody = (item: HeavyItem) => Promise<HeavyResult>;

export async function heavyBody(padding: number): Promise<HeavyBody> {
  const run = inProcess(await itemCode('javascript'));
  return async (of) => (await run(of as unknown as JsonObject, padding, 0)) as unknown as HeavyResult;
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
export async function verify(found: Tally, items: HeavyItem[], body: HeavyBody): Promise<void> {
  const wanted = tally(await Promise.all(items.map(body)));
  if (found.count !== wanted.count) throw new Error(`${found.count} of ${wanted.count} results came back`);
  if (found.checksum !== wanted.checksum) throw new Error('the results that came back have a wrong checksum');
}
