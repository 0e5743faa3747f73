/** Inputs on their way to a runner: small stored lists are put in, large ones stay references that it reads lazily. */
import { isJsonObject, refOf, type Json, type JsonObject, type Ref } from '@noetl/protocol';
import type { ValueStore } from '../tool.ts';

/** Up to here code gets a true list. */
const LIST_ITEMS_MAX = 10_000;
const LIST_BYTES_MAX = 16 * 1024 * 1024;

/** True when a reference is anywhere in the value. */
export function hasHoles(value: Json): boolean {
  if (Array.isArray(value)) return value.some(hasHoles);
  if (!isJsonObject(value)) return false;
  return refOf(value) !== undefined || Object.values(value).some(hasHoles);
}

/** The value with its references filled in, and whether lazy ones are left. */
export async function fillHoles(value: Json, values: ValueStore): Promise<{ value: Json; lazy: boolean }> {
  const ref = refOf(value);
  if (ref) return fill(value, ref, values);
  if (Array.isArray(value)) {
    const filled = await Promise.all(value.map((item) => fillHoles(item, values)));
    return { value: filled.map((item) => item.value), lazy: filled.some((item) => item.lazy) };
  }
  if (!isJsonObject(value)) return { value, lazy: false };
  const result: JsonObject = {};
  let lazy = false;
  for (const [key, item] of Object.entries(value)) {
    const filled = await fillHoles(item, values);
    result[key] = filled.value;
    lazy ||= filled.lazy;
  }
  return { value: result, lazy };
}

async function fill(value: Json, ref: Ref, values: ValueStore): Promise<{ value: Json; lazy: boolean }> {
  if (ref.kind === 'value' || ref.kind === 'keychain')
    return { value: JSON.parse(await values.value(ref.ref)) as Json, lazy: false };
  if (ref.count > LIST_ITEMS_MAX || ref.bytes > LIST_BYTES_MAX) return { value, lazy: true };
  const items = await values.list(ref.ref, 0, ref.count);
  return { value: JSON.parse(`[${items.join(',')}]`) as Json, lazy: false };
}
