/** Values that leave the evaluator: JSON, and no more of it than a worker can hold. */
import { isJsonObject, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { Callable, Float, holeOf, Range, StepView } from './value.ts';

/** Longer ranges travel as `{"_range": {start, step, count}}`; loops take them without writing them out. */
const RANGE_MAX = 1_000;
/** Of one expression's value; a part that stands in it several times counts each time. */
const VALUE_MAX_BYTES = 64 * 1024 * 1024;
const NODE_BYTES = 32;

/** What is left of the budget. */
interface Left {
  bytes: number;
}

/** Throws TEMPLATE_BUDGET when there is too much of it, TEMPLATE_ERROR for what is no data. */
export function nativeOf(value: unknown): Json | undefined {
  const left = { bytes: VALUE_MAX_BYTES };
  return native(value, left);
}

function native(value: unknown, left: Left): Json | undefined {
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
  if (Array.isArray(value)) return nativeList(value, left);
  if (!isJsonObject(value)) throw new NoetlError('TEMPLATE_ERROR', `a ${typeof value} is no data`);
  if (holeOf(value)) return value;
  return nativeObject(value, left);
}

/**
 * What is data already stays what it is, and so does all below it: most values are large documents that pass through.
 * What belongs to templates alone (a group, a namespace) becomes data of its items.
 */
function nativeList(list: unknown[], left: Left): Json[] {
  const items: Json[] = [];
  let same = Object.getPrototypeOf(list) === Array.prototype;
  for (const item of list) {
    const value = native(item, left) ?? null;
    same &&= value === item;
    items.push(value);
  }
  return same ? (list as Json[]) : items;
}

function nativeObject(object: JsonObject, left: Left): JsonObject {
  const keys = Object.keys(object);
  let same = Object.getPrototypeOf(object) === Object.prototype;
  const values = keys.map((key) => {
    const value = native(object[key], left) ?? null;
    same &&= value === object[key];
    return value;
  });
  return same ? object : Object.fromEntries(keys.map((key, at) => [key, values[at] ?? null]));
}
