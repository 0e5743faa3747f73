/**
 * Holes: values too large to travel inside an event, a command or the engine's state are stored once and
 * replaced by a reference. Templates pass a hole through untouched and ask for its content only when an
 * expression looks inside; tools receive the content, or a lazy list.
 */
import { isJsonObject, type Json } from './json.ts';
import type { Id } from './id.ts';

export interface Ref {
  /**
   * `list`: pages of items in `collection_page`; `value`: one stored document;
   * `loop`: the iterations of a loop, read from the event log by index;
   * `keychain`: an entry of the playbook's keychain, resolved by a worker when a template looks into it.
   */
  kind: 'list' | 'value' | 'loop' | 'keychain';
  /** `noetl://<execution_id>/<kind>/<id>`; the id is a stored value's id, or the loop's. */
  ref: string;
  /** Number of items; 0 for `value`. */
  count: number;
  /** Size of the JSON text in bytes, as far as known; 0 when unknown. */
  bytes: number;
}

/** The JSON form of a hole. */
export interface Hole extends Record<string, Json> {
  _ref: Ref & Record<string, Json>;
}

export function hole(ref: Ref): Hole {
  return { _ref: { ...ref } };
}

/** Builds a reference; its id part must be an {@link Id}. */
export function makeRef(executionId: Id, kind: Ref['kind'], id: Id, count: number, bytes: number): Ref {
  return { kind, ref: `noetl://${executionId}/${kind}/${id}`, count, bytes };
}

/** The reference of a value that is a hole, else undefined. */
export function refOf(value: unknown): Ref | undefined {
  if (!isJsonObject(value)) return undefined;
  const ref = value['_ref'];
  if (!isJsonObject(ref) || typeof ref['ref'] !== 'string' || typeof ref['count'] !== 'number')
    return undefined;
  return REF_TEXT.test(ref['ref']) ? (ref as unknown as Ref) : undefined;
}

const REF_TEXT = /^noetl:\/\/(\d{1,19})\/(list|value|loop|keychain)\/(\d{1,19})$/;

/** The parts of a reference's text; undefined when it is not one. */
export function parseRef(text: string): { executionId: Id; kind: Ref['kind']; id: Id } | undefined {
  const match = REF_TEXT.exec(text);
  if (!match) return undefined;
  return { executionId: match[1] as Id, kind: match[2] as Ref['kind'], id: match[3] as Id };
}
