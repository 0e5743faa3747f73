/** Rows of items that ran as plain functions of this process. */
import type { TextRow } from '../event-rows.ts';
import { item, type ItemFunction } from '../item-code.ts';

export async function rowsOf(
  call: ItemFunction,
  { from, to }: { from: number; to: number },
  padding: number,
): Promise<TextRow[]> {
  const rows: TextRow[] = [];
  for (let index = from; index < to; index++) {
    const given = item(index);
    const startedAt = performance.now();
    const result_text = JSON.stringify(await call(given, padding, 0));
    const duration_s = (performance.now() - startedAt) / 1000;
    rows.push({ index, status: 'COMPLETED', item_text: JSON.stringify(given), result_text, duration_s });
  }
  return rows;
}
