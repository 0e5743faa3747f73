/** Opening a loop: its collection is evaluated once and frozen, and the ids of all its iterations are reserved. */
import {
  isWaiting,
  NeedsValue,
  projectContext,
  render,
  renderNative,
  startsChild,
  type LoopSpec,
  type Step,
} from '@noetl/playbook';
import {
  isJsonObject,
  NoetlError,
  refOf,
  type Collection,
  type Json,
  type JsonObject,
  type LoopOpening,
} from '@noetl/protocol';
import { failureOf, type Draft } from './draft.ts';
import { workerPool } from './pool.ts';
import { timeLimit } from './time-limit.ts';

const SIZE_MAX = 10_000_000;

export function openLoop(draft: Draft, step: Step, spec: LoopSpec): void {
  const { name } = step;
  let collection: Collection;
  let limits: Limits;
  try {
    collection = spec.cursor ? { kind: 'inline', items: [] } : collectionOf(draft, name, spec);
    limits = { ...limitsOf(draft, step, spec), ...timeLimit(draft, step), ...workerPool(draft, step) };
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
  if (size === 0 && !spec.cursor) {
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
    // How many items a cursor will give nobody knows; ids are plenty.
    base_event_id: ids.reserve(spec.cursor ? SIZE_MAX : size),
    size,
    iterator,
    mode,
    on_error: spec.on_error,
    cursor: spec.cursor !== undefined,
    collection,
    context: projectContext(draft.context(name), step),
    ...limits,
  });
}

function sizeOf(collection: Collection): number {
  return collection.kind === 'inline' ? collection.items.length : collection.count;
}

function collectionOf(draft: Draft, name: string, spec: LoopSpec): Collection {
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
  if (typeof value === 'string') return { kind: 'inline', items: itemsInText(value) ?? [value] };
  if (typeof value === 'boolean')
    throw new NoetlError(
      'LOOP_NOT_ITERABLE',
      `loop.in is not iterable: ${expressionText(written)} is a boolean`,
    );
  const ref = refOf(value);
  if (ref?.kind === 'value') throw new NeedsValue([ref.ref]);
  if (ref) return { kind: 'ref', ref: ref.ref, count: ref.count };
  // The value of a loop stands for its results.
  const { results, stats } = value;
  if (results !== undefined && isJsonObject(stats) && 'total' in stats) return frozen(results, written);
  const lazy = value['_range'];
  if (isJsonObject(lazy)) {
    return {
      kind: 'range',
      start: Number(lazy['start']),
      step: Number(lazy['step']),
      count: Number(lazy['count']),
    };
  }
  return { kind: 'inline', items: pairs(value) };
}

function pairs(object: JsonObject): Json[] {
  return Object.entries(object).map(([key, value]) => ({ key, value }));
}

function range(count: number, written: Json): Collection {
  if (Number.isInteger(count) && count >= 0) return { kind: 'range', start: 0, step: 1, count };
  throw new NoetlError(
    'LOOP_NOT_ITERABLE',
    `loop.in is not iterable: ${expressionText(written)} is ${String(count)}, not a whole number of items`,
  );
}

/** A list or an object written as JSON, or as Python prints it. */
function itemsInText(text: string): Json[] | undefined {
  if (!/^\s*(\[.*\]|\{.*\})\s*$/s.test(text)) return undefined;
  const python = text
    .replaceAll("'", '"')
    .replace(/\bNone\b/g, 'null')
    .replace(/\bTrue\b/g, 'true')
    .replace(/\bFalse\b/g, 'false');
  for (const candidate of [text, python]) {
    try {
      const value = JSON.parse(candidate) as Json;
      if (Array.isArray(value)) return value;
      if (isJsonObject(value)) return pairs(value);
    } catch {
      // The other spelling may be the right one.
    }
  }
  return undefined;
}

/** How much of a loop may run at once, and how many failures it bears. */
type Limits = Pick<
  LoopOpening,
  'concurrency' | 'max_in_flight' | 'tolerated' | 'chunk_max' | 'timeout_s' | 'pool'
>;

/** Items of one chunk that run at once when they only wait for others. */
const CONCURRENCY_MAX = 8;

function limitsOf(draft: Draft, step: Step, spec: LoopSpec): Limits {
  const number = (template: Json | undefined, key: string, min: number): number | undefined => {
    if (template === undefined) return undefined;
    const value = Number(render(template, draft.scope(step.name)));
    if (Number.isFinite(value) && value >= min) return value;
    throw new NoetlError(
      'TEMPLATE_ERROR',
      `loop.spec.${key} must be a number from ${String(min)}, not ${String(value)}`,
    );
  };
  const wanted = number(spec.max_in_flight, 'max_in_flight', 1);
  const inFlight = wanted === undefined ? undefined : Math.floor(wanted);
  const count = number(spec.tolerated?.count, 'policy.tolerated_failure.count', 0);
  const percent = number(spec.tolerated?.percent, 'policy.tolerated_failure.percent', 0);
  const hasChild = step.tasks.some((task) => startsChild(task.kind));
  const concurrency = concurrencyOf(
    step,
    spec,
    inFlight,
    number(spec.cursor?.row_concurrency, 'frame.row_concurrency', 1),
  );
  // `local`: one chunk at a time, all that may run at once in it.
  const bound = spec.exec === 'local' ? concurrency : inFlight;
  return {
    concurrency,
    ...(bound !== undefined && { max_in_flight: spec.cursor ? bound * concurrency : bound }),
    ...((count ?? percent) !== undefined && {
      tolerated: { ...(count !== undefined && { count }), ...(percent !== undefined && { percent }) },
    }),
    // Each waits on its own: what is suspended with others would hold them up.
    ...(hasChild && !spec.cursor && { chunk_max: 1 }),
  };
}

function concurrencyOf(
  step: Step,
  spec: LoopSpec,
  inFlight: number | undefined,
  rows: number | undefined,
): number {
  if (spec.cursor) return spec.cursor.process === 'frame' ? 1 : Math.floor(rows ?? 1);
  if (spec.mode === 'sequential' || !step.tasks.every((task) => isWaiting(task.kind))) return 1;
  if (inFlight === undefined) return CONCURRENCY_MAX;
  // Spread over several chunks first, so that more than one worker has something to do.
  return spec.exec === 'local' ? inFlight : Math.max(1, Math.min(CONCURRENCY_MAX, Math.floor(inFlight / 4)));
}

function expressionText(written: Json): string {
  return typeof written === 'string' ? `\`${written}\`` : JSON.stringify(written);
}
