/** Opening a loop: its collection is evaluated once and frozen, and the ids of all its iterations are reserved. */
import { NeedsValue, projectContext, render, renderNative, type LoopSpec, type Step } from '@noetl/playbook';
import { isJsonObject, NoetlError, refOf, type Collection, type Json } from '@noetl/protocol';
import { failureOf, type Draft } from './draft.ts';

const SIZE_MAX = 10_000_000;

export function openLoop(draft: Draft, step: Step, spec: LoopSpec): void {
  const { name } = step;
  let collection: Collection;
  let maxInFlight: number | undefined;
  try {
    collection = collectionOf(draft, name, spec);
    maxInFlight = inFlight(draft, name, spec);
  } catch (error) {
    draft.fail(name, failureOf(error, step));
    return;
  }
  const size = sizeOf(collection);
  const { iterator, mode } = spec;
  const { ids } = draft.environment;
  const loop_id = ids.next();
  draft.add(
    {
      event_type: 'loop.started',
      node_name: name,
      status: 'STARTED',
      loop_id,
      result: { size, mode, iterator },
    },
    loop_id,
  );
  if (size === 0) {
    const stats = { total: 0, success: 0, failed: 0, not_started: 0 };
    draft.add({
      event_type: 'loop.done',
      node_name: name,
      status: 'COMPLETED',
      loop_id,
      result: { results: [], stats },
    });
    return;
  }
  draft.loop({
    loop_id,
    step: name,
    base_event_id: ids.reserve(size),
    size,
    iterator,
    mode,
    on_error: spec.on_error,
    collection,
    context: projectContext(draft.context(name), step),
    ...(maxInFlight !== undefined && { max_in_flight: maxInFlight }),
  });
}

function sizeOf(collection: Collection): number {
  return collection.kind === 'inline' ? collection.items.length : collection.count;
}

function collectionOf(draft: Draft, name: string, spec: LoopSpec): Collection {
  if (spec.cursor) throw new NoetlError('TOOL_UNAVAILABLE', 'cursor loops are not available in this version');
  const scope = draft.scope(name);
  const value = typeof spec.in === 'string' ? renderNative(spec.in, scope) : render(spec.in, scope);
  const collection = frozen(value, spec.in);
  const { kind } = collection;
  const isWhole = [sizeOf(collection), ...(kind === 'range' ? [collection.start, collection.step] : [])];
  // `_ref` and `_range` can also come from outside, as plain data.
  if (!isWhole.every(Number.isSafeInteger) || sizeOf(collection) < 0) {
    throw new NoetlError(
      'LOOP_NOT_ITERABLE',
      `loop.in is not iterable: ${expressionText(spec.in)} is malformed`,
    );
  }
  if (sizeOf(collection) > SIZE_MAX) {
    throw new NoetlError(
      'LOOP_TOO_LARGE',
      `loop.in gives ${String(sizeOf(collection))} items; ${String(SIZE_MAX)} are possible`,
    );
  }
  return collection;
}

/** Lists as they are; objects as {key, value}; a number n as 0 … n-1; JSON text as what it holds; other text as one item. */
function frozen(value: Json | undefined, written: Json): Collection {
  if (value === undefined || value === null) {
    const what = value === null ? 'null' : 'undefined';
    throw new NoetlError(
      'LOOP_NOT_ITERABLE',
      `loop.in is not iterable: ${expressionText(written)} is ${what}`,
    );
  }
  if (Array.isArray(value)) return { kind: 'inline', items: value };
  if (typeof value === 'number') return range(value, written);
  if (typeof value === 'string') return { kind: 'inline', items: listInText(value) ?? [value] };
  if (typeof value === 'boolean')
    throw new NoetlError(
      'LOOP_NOT_ITERABLE',
      `loop.in is not iterable: ${expressionText(written)} is a boolean`,
    );
  const ref = refOf(value);
  if (ref?.kind === 'value') throw new NeedsValue([ref.ref]);
  if (ref) return { kind: 'ref', ref: ref.ref, count: ref.count };
  const lazy = value['_range'];
  if (isJsonObject(lazy)) {
    return {
      kind: 'range',
      start: Number(lazy['start']),
      step: Number(lazy['step']),
      count: Number(lazy['count']),
    };
  }
  return { kind: 'inline', items: Object.entries(value).map(([key, item]) => ({ key, value: item })) };
}

function range(count: number, written: Json): Collection {
  if (Number.isInteger(count) && count >= 0) return { kind: 'range', start: 0, step: 1, count };
  throw new NoetlError(
    'LOOP_NOT_ITERABLE',
    `loop.in is not iterable: ${expressionText(written)} is ${String(count)}, not a whole number of items`,
  );
}

/** A list written as JSON, or as Python prints it. */
function listInText(text: string): Json[] | undefined {
  if (!/^\s*\[.*\]\s*$/s.test(text)) return undefined;
  const python = text
    .replaceAll("'", '"')
    .replace(/\bNone\b/g, 'null')
    .replace(/\bTrue\b/g, 'true')
    .replace(/\bFalse\b/g, 'false');
  for (const candidate of [text, python]) {
    try {
      const value = JSON.parse(candidate) as Json;
      if (Array.isArray(value)) return value;
    } catch {
      // The other spelling may be the right one.
    }
  }
  return undefined;
}

function inFlight(draft: Draft, name: string, spec: LoopSpec): number | undefined {
  if (spec.max_in_flight === undefined) return undefined;
  const value = Number(render(spec.max_in_flight, draft.scope(name)));
  if (Number.isInteger(value) && value >= 1) return value;
  throw new NoetlError(
    'TEMPLATE_ERROR',
    `loop.spec.max_in_flight must be a whole number from 1, not ${String(value)}`,
  );
}

function expressionText(written: Json): string {
  return typeof written === 'string' ? `\`${written}\`` : JSON.stringify(written);
}
