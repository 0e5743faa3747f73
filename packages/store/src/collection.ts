/**
 * Values too large to travel: pages of lists, single documents, and the results of loops, behind references.
 * A reference is read only within the execution it belongs to, and by those above it.
 */
import { sql } from 'kysely';
import {
  hole,
  isJsonObject,
  makeRef,
  NoetlError,
  offsetId,
  parseRef,
  type Id,
  type Json,
  type JsonObject,
} from '@noetl/protocol';
import { isWithin } from './child.ts';
import { connection, type Store, type Tx } from './database.ts';
import { getLoop, type LoopRow } from './loop.ts';
import { basesOf, rowsIn, spanOf } from './loop-rows.ts';
import { chosenIndexes } from './redrive-list.ts';

/** Parts above this size leave the value they are part of. */
const PART_MAX_BYTES = 64 * 1024;
const PAGE_MAX_BYTES = 256 * 1024;
const PAGE_MAX_ITEMS = 1_000;
/** Stands between the items of a page; no JSON text has a line break in it. */
const ITEM_END = ',\n';
/** What templates look into is read in pieces: items may be 10 MiB each. */
const LOAD_FIRST = 50;
const LOAD_MAX_BYTES = 64 * 1024 * 1024;

export interface Page {
  execution_id: Id;
  list_id: Id;
  page_index: number;
  from_index: number;
  count: number;
  /** JSON text of the array of items, which a comma and a line break keep apart. */
  items_text: string;
}

/** An id for a new list or value. */
export async function newValueId(of: Store | Tx): Promise<Id> {
  const { rows } = await sql<{ id: Id }>`SELECT nextval('noetl.value_id')::text AS id`.execute(
    connection(of),
  );
  return (rows[0] as { id: Id }).id;
}

export async function writePage(of: Store | Tx, { items_text, ...page }: Page): Promise<void> {
  await connection(of)
    .insertInto('collection_page')
    .values({ ...page, items: items_text })
    .execute();
}

/** JSON text of the items `[from, to)` of a list or of a loop's results; fewer when it ends before. */
export async function readItems(store: Store, ref: string, from: number, to: number): Promise<string[]> {
  const parsed = parseRef(ref);
  if (parsed?.kind === 'list') return listItems(store, parsed.executionId, parsed.id, from, to);
  if (parsed?.kind !== 'loop') throw new NoetlError('INTERNAL', `${ref} is not a list`);
  const loop = await getLoop(store, { execution_id: parsed.executionId, loop_id: parsed.id });
  if (!loop) throw new NoetlError('LOOP_UNKNOWN', `loop ${parsed.id} is not in the database`);
  return loopItems(store, loop, from, to);
}

/** Number of items of a stored list, or of a loop. */
export async function listSize(store: Store, ref: string): Promise<number> {
  const parsed = parseRef(ref);
  if (parsed?.kind === 'loop') {
    const loop = await getLoop(store, { execution_id: parsed.executionId, loop_id: parsed.id });
    return loop ? spanOf(loop) : 0;
  }
  const { rows } = await sql<{ size: number | null }>`
    SELECT max(from_index + count) AS size FROM noetl.collection_page
    WHERE execution_id = ${parsed?.executionId ?? '0'} AND list_id = ${parsed?.id ?? '0'}`.execute(store.db);
  return rows[0]?.size ?? 0;
}

/** JSON text of a stored document. */
export async function readValue(store: Store, ref: string): Promise<string> {
  const parsed = parseRef(ref);
  if (parsed?.kind !== 'value') throw new NoetlError('INTERNAL', `${ref} is not a stored value`);
  const { rows } = await sql<{ content: string }>`
    SELECT content::text AS content FROM noetl.value
    WHERE execution_id = ${parsed.executionId} AND value_id = ${parsed.id}
      AND (expires_at IS NULL OR expires_at > now())`.execute(store.db);
  if (!rows[0])
    throw new NoetlError('VALUE_MISSING', `the value ${ref} has expired or was never stored`, {
      kind: 'missing_reference',
    });
  return rows[0].content;
}

/**
 * The content of a reference as a value, for looking into it. Lists of more than `itemsMax` items or 64 MiB are
 * refused (VALUE_TOO_LARGE): only code steps read those, page by page.
 */
export async function loadValue(
  store: Store,
  executionId: Id,
  ref: string,
  itemsMax = 10_000,
): Promise<Json> {
  const parsed = parseRef(ref);
  if (!parsed || !(await isWithin(store, parsed.executionId, executionId))) {
    throw new NoetlError('TEMPLATE_ERROR', `the value ${ref} does not belong to this execution`);
  }
  if (parsed.kind === 'value') return JSON.parse(await readValue(store, ref)) as Json;
  const texts: string[] = [];
  let bytes = 0;
  for (let step = LOAD_FIRST; ; step = nextStep(texts.length, bytes, step)) {
    const to = Math.min(itemsMax + 1, texts.length + step);
    const items = await readItems(store, ref, texts.length, to);
    const isEnd = items.length < to - texts.length;
    for (const item of items) bytes += item.length;
    texts.push(...items);
    if (texts.length > itemsMax) throw tooLarge(`${String(itemsMax)} items`);
    if (bytes > LOAD_MAX_BYTES) throw tooLarge(`${String(LOAD_MAX_BYTES / 1024 / 1024)} MiB`);
    if (isEnd) break;
  }
  return JSON.parse(`[${texts.join(',')}]`) as Json;
}

/** Larger pieces, as long as items like those so far would fit. */
function nextStep(items: number, bytes: number, step: number): number {
  const larger = step * 4;
  return (bytes / Math.max(1, items)) * larger < LOAD_MAX_BYTES - bytes ? larger : step;
}

function tooLarge(bound: string): NoetlError {
  return new NoetlError('VALUE_TOO_LARGE', `a template looks into a list of more than ${bound}`);
}

/**
 * The items of a chunk: JSON text of those at the positions `[from, to)` of a loop and, of a redrive, whose positions
 * are not indexes, the index of each.
 */
export async function chunkItems(
  store: Store,
  loop: LoopRow,
  from: number,
  to: number,
): Promise<{ items: string[]; indexes?: number[] }> {
  if (!loop.redrive) return { items: await collectionItems(store, loop, from, to) };
  const indexes = await chosenIndexes(store, loop, loop.redrive, from, to);
  const items: string[] = [];
  for (const [first, last] of spans(indexes)) {
    const span = await collectionItems(store, loop, first, last + 1);
    for (
      let index = indexes[items.length];
      index !== undefined && index <= last;
      index = indexes[items.length]
    )
      items.push(span[index - first] as string);
  }
  return { items, indexes };
}

/** Rising indexes as ranges that are each read at once: few pages, whatever lies between. */
function spans(indexes: readonly number[]): [first: number, last: number][] {
  const found: [number, number][] = [];
  for (const index of indexes) {
    const open = found.at(-1);
    if (open && index - open[0] < PAGE_MAX_ITEMS) open[1] = index;
    else found.push([index, index]);
  }
  return found;
}

/** JSON text of the items `[from, to)` of the collection that a loop runs over. */
async function collectionItems(store: Store, loop: LoopRow, from: number, to: number): Promise<string[]> {
  const { collection } = loop;
  if (collection.kind === 'inline')
    return collection.items.slice(from, to).map((item) => JSON.stringify(item));
  if (collection.kind === 'range') {
    const { start, step } = collection;
    return Array.from({ length: to - from }, (_, offset) => String(start + (from + offset) * step));
  }
  const items = await readItems(store, collection.ref, from, to);
  if (items.length !== to - from)
    throw new NoetlError('INTERNAL', `${collection.ref} has lost items ${String(from)}–${String(to)}`);
  return items;
}

/** Stores the large parts of a value (itself, or its children one level down) and leaves holes in their place. */
export async function externalise(of: Store | Tx, executionId: Id, value: Json): Promise<Json> {
  if (sizeOf(value) <= PART_MAX_BYTES) return value;
  if (!isJsonObject(value)) return storePart(of, executionId, value);
  const kept: JsonObject = {};
  for (const [key, part] of Object.entries(value)) {
    kept[key] = sizeOf(part) > PART_MAX_BYTES ? await storePart(of, executionId, part) : part;
  }
  return sizeOf(kept) > PART_MAX_BYTES ? storePart(of, executionId, kept) : kept;
}

async function storePart(of: Store | Tx, executionId: Id, part: Json): Promise<Json> {
  const id = await newValueId(of);
  if (Array.isArray(part)) return storeList(of, executionId, id, part);
  const content = JSON.stringify(part);
  await connection(of)
    .insertInto('value')
    .values({ execution_id: executionId, value_id: id, content })
    .execute();
  return hole(makeRef(executionId, 'value', id, 0, content.length));
}

async function storeList(of: Store | Tx, executionId: Id, listId: Id, items: Json[]): Promise<Json> {
  let texts: string[] = [];
  let pageBytes = 0;
  let bytes = 0;
  let stored = 0;
  let pages = 0;
  const flush = async (): Promise<void> => {
    const page = { execution_id: executionId, list_id: listId, page_index: pages, from_index: stored };
    await writePage(of, { ...page, count: texts.length, items_text: pageText(texts) });
    stored += texts.length;
    pages += 1;
    bytes += pageBytes;
    texts = [];
    pageBytes = 0;
  };
  for (const item of items) {
    const text = JSON.stringify(item);
    texts.push(text);
    pageBytes += text.length + 1;
    if (pageBytes >= PAGE_MAX_BYTES || texts.length >= PAGE_MAX_ITEMS) await flush();
  }
  if (texts.length > 0) await flush();
  return hole(makeRef(executionId, 'list', listId, items.length, bytes));
}

async function listItems(
  store: Store,
  executionId: Id,
  listId: Id,
  from: number,
  to: number,
): Promise<string[]> {
  const { rows } = await store.pool.query<{ from_index: number; items: string }>({
    name: 'list-pages',
    text: `SELECT from_index, items::text AS items FROM noetl.collection_page
      WHERE execution_id = $1 AND list_id = $2 AND from_index < $3 AND from_index >= (
        SELECT max(from_index) FROM noetl.collection_page WHERE execution_id = $1 AND list_id = $2 AND from_index <= $4)
      ORDER BY from_index`,
    // From the page that holds the first item, however many items its writer has put into a page.
    values: [executionId, listId, to, from],
  });
  return rows.flatMap(({ from_index, items }) =>
    itemsOf(items).slice(Math.max(0, from - from_index), to - from_index),
  );
}

export function pageText(items: string[]): string {
  return `[${items.join(ITEM_END)}]`;
}

/** The items of a page's text, cut where {@link ITEM_END} stands: nothing is decoded. */
function itemsOf(page: string): string[] {
  return page.slice(1, -1).split(ITEM_END);
}

async function loopItems(store: Store, loop: LoopRow, from: number, to: number): Promise<string[]> {
  if (loop.redrive) {
    const within = { from, to: Math.min(to, spanOf(loop)) };
    const { rows } = await sql<{ result: string | null }>`
      SELECT e.result::text AS result FROM ${rowsIn(loop.execution_id, await basesOf(store, loop), within)} AS e
      ORDER BY e.current_index`.execute(store.db);
    return rows.map(({ result }) => result ?? 'null');
  }
  const { rows } = await store.pool.query<[result: string | null]>({
    name: 'loop-items',
    rowMode: 'array',
    text: `SELECT result::text FROM noetl.event
      WHERE execution_id = $1 AND event_id >= $2 AND event_id < $3 ORDER BY event_id`,
    values: [
      loop.execution_id,
      offsetId(loop.base_event_id, from),
      offsetId(loop.base_event_id, Math.min(to, loop.size)),
    ],
  });
  return rows.map(([result]) => result ?? 'null');
}

function sizeOf(value: Json): number {
  return JSON.stringify(value).length;
}
