/** Values that leave the evaluator: JSON, and no more of it than a worker can hold. */
import { isJsonObject, NoetlError, type Json } from '@noetl/protocol';
import { Callable, Float, holeOf, Range, StepView } from './value.ts';

/** Longer ranges travel as `{"_range": {start, step, count}}`; loops take them without writing them out. */
const RANGE_MAX = 1_000;
/** Of one expression's value; a part that stands in it several times counts each time. */
const VALUE_MAX_BYTES = 64 * 1024 * 1024;
const NODE_BYTES = 32;

/** Throws TEMPLATE_BUDGET when there is too much of it, TEMPLATE_ERROR for what is no data. */
export function nativeOf(value: unknown): Json | undefined {
  const left = { bytes: VALUE_MAX_BYTES };
  return native(value, left);
}

function native(value: unknown, left: { bytes: number }): Json | undefined {
  left.bytes -= typeof value === 'string' ? NODE_BYTES + value.length : NODE_BYTES;
  if (left.bytes < 0) throw new NoetlError('TEMPLATE_BUDGET', 'a template makes a value of more than 64 MiB');
  if (value === undefined || value === null) return value;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (value instanceof StepView) return value.native();
  if (value instanceof Float) return value.valueOf();
  if (value instanceof Range) {
    const { start, step, count } = value;
    if (count > RANGE_MAX) return { _range: { start, step, count } };
    return Array.from({ length: count }, (_, index) => value.at(index));
  }
  if (value instanceof Callable) throw new NoetlError('TEMPLATE_ERROR', 'a function is not a value: call it');
  // From the items: `map` would give what the host's array of a group is.
  if (Array.isArray(value)) return Array.from(value, (item) => native(item, left) ?? null);
  if (!isJsonObject(value)) throw new NoetlError('TEMPLATE_ERROR', `a ${typeof value} is no data`);
  if (holeOf(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, native(item, left) ?? null]));
}
