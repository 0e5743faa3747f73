/** Loads a stored value that a decision's templates look into. */
import { NoetlError, parseRef, type Id, type Json } from '@noetl/protocol';
import { readItems, readValue, type Store } from '@noetl/store';

/** Larger lists are for code steps, which read them page by page. */
const LIST_MAX = 10_000;

export async function loadValue(store: Store, executionId: Id, ref: string): Promise<Json> {
  const parsed = parseRef(ref);
  if (parsed?.executionId !== executionId) {
    throw new NoetlError('TEMPLATE_ERROR', `the value ${ref} does not belong to this execution`);
  }
  if (parsed.kind === 'value') return JSON.parse(await readValue(store, ref)) as Json;
  const items = await readItems(store, ref, 0, LIST_MAX + 1);
  if (items.length > LIST_MAX) {
    throw new NoetlError('VALUE_TOO_LARGE', `a template looks into a list of more than ${LIST_MAX} items`);
  }
  return JSON.parse(`[${items.join(',')}]`) as Json;
}
