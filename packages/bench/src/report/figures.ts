/** The figures that others read by name from the JSON, from the rows of a run; null where a row was not measured. */
import type { Row } from '../scenario.ts';

const KEYS = {
  heavy_loop_js_items_per_second: 'heavy_loop/javascript/parallel/',
  heavy_loop_python_items_per_second: 'heavy_loop/python/parallel/',
  heavy_loop_sequential_python_items_per_second: 'heavy_loop/python/sequential/',
  naive_items_per_second: 'naive/javascript/parallel',
  step_p50_ms: 'steps/python/p50',
  step_p99_ms: 'steps/python/p99',
} as const;

/** Of the sizes of a loop 10,000 items with the least padding, where they were measured; else the first. */
export function figures(rows: Row[]): Record<keyof typeof KEYS, number | null> {
  const value = (prefix: string): number | null => {
    const found = rows.filter(({ key }) => key.startsWith(prefix));
    const usual = found.find(({ key }) => key.startsWith(`${prefix}10000/`)) ?? found[0];
    return usual?.value ?? null;
  };
  return Object.fromEntries(Object.entries(KEYS).map(([name, prefix]) => [name, value(prefix)])) as Record<
    keyof typeof KEYS,
    number | null
  >;
}
