/**
 * Closing a loop: `loop.done`, exactly once, and only when Postgres holds every row that was counted. Variables that
 * iterations wrote become one event just before it.
 */
import { sql } from 'kysely';
import {
  hole,
  idSource,
  makeRef,
  type EngineEvent,
  type ErrorInfo,
  type Json,
  type LoopResult,
  type LoopStats,
} from '@noetl/protocol';
import { externalise, readItems } from './collection.ts';
import type { Store, Tx } from './database.ts';
import { appendEvents } from './event-log.ts';
import { lockExecution, raiseLastEvent } from './execution.ts';
import type { LoopKey, LoopRow } from './loop.ts';

export interface LoopFacts {
  rows: number;
  failed: number;
  /** Size of all results as stored. */
  bytes: number;
  /** Of the first failed iteration by index. */
  first_error: ErrorInfo | null;
}

/** Counted from the rows themselves, never from a counter. */
export async function loopFacts(of: Store | Tx, loop: LoopRow): Promise<LoopFacts> {
  const { rows } = await sql<LoopFacts>`
    SELECT count(*)::int AS rows,
      (count(*) FILTER (WHERE status = 'FAILED'))::int AS failed,
      coalesce(sum(pg_column_size(result)), 0)::float8 AS bytes,
      (SELECT f.result -> 'error' FROM noetl.event AS f
        WHERE ${loop.failed}::int > 0 AND f.execution_id = ${loop.execution_id} AND f.status = 'FAILED'
          AND f.event_id >= ${loop.base_event_id} AND f.event_id < ${loop.base_event_id}::bigint + ${loop.size}::int
        ORDER BY f.event_id LIMIT 1) AS first_error
    FROM noetl.event
    WHERE execution_id = ${loop.execution_id}
      AND event_id >= ${loop.base_event_id} AND event_id < ${loop.base_event_id}::bigint + ${loop.size}::int`.execute(
    'db' in of ? of.db : of,
  );
  return rows[0] as LoopFacts;
}

export interface CloseOptions {
  /** Results up to this many bytes go into the event; beyond it, a reference. */
  inline_max_bytes: number;
  /** Unix time. */
  nowMs: number;
}

/** Closed by this very call, or not: already done, still running, or rows are missing. */
export async function closeLoop(
  store: Store,
  key: LoopKey,
  options: CloseOptions,
): Promise<{ closed: boolean }> {
  const before = await filledLoop(store, key);
  if (!before) return { closed: false };
  const facts = await loopFacts(store, before);
  if (facts.rows !== before.completed) return { closed: false };
  const results = await resultsOf(store, before, facts, options.inline_max_bytes);
  return store.db.transaction().execute(async (tx) => {
    const locked = await lockExecution(tx, key.execution_id);
    const { numUpdatedRows } = await tx
      .updateTable('loop')
      .set({ state: 'done', done_at: sql<Date>`now()` })
      .where('execution_id', '=', key.execution_id)
      .where('loop_id', '=', key.loop_id)
      .where('state', '=', 'filled')
      .executeTakeFirst();
    if (!locked || numUpdatedRows === 0n) return { closed: false };
    const ids = idSource(locked.last_event_id, options.nowMs);
    const events: EngineEvent[] = [];
    const step = before.step;
    if (Object.keys(before.ctx).length > 0) {
      const result: Record<string, Json> = {};
      for (const [name, value] of Object.entries(before.ctx)) {
        result[name] = await externalise(tx, key.execution_id, value);
      }
      events.push({
        event_id: ids.next(),
        event_type: 'ctx.updated',
        node_name: step,
        status: 'COMPLETED',
        result,
      });
    }
    events.push(loopDone(ids.next(), before, facts, results));
    await appendEvents(tx, { execution_id: key.execution_id, catalog_id: locked.catalog_id }, events);
    await raiseLastEvent(tx, key.execution_id, ids.last());
    return { closed: true };
  });
}

function filledLoop(store: Store, key: LoopKey): Promise<LoopRow | undefined> {
  return store.db
    .selectFrom('loop')
    .selectAll()
    .where('execution_id', '=', key.execution_id)
    .where('loop_id', '=', key.loop_id)
    .where('state', '=', 'filled')
    .executeTakeFirst();
}

function loopDone(event_id: string, loop: LoopRow, facts: LoopFacts, results: Json): EngineEvent {
  const stats: LoopStats = {
    total: loop.size,
    success: facts.rows - facts.failed,
    failed: facts.failed,
    not_started: loop.size - facts.rows,
  };
  const failed = stats.not_started > 0 || (loop.on_error === 'fail' && !isTolerated(loop, facts.failed));
  const error = facts.first_error;
  const result: LoopResult = { results, stats, ...(error && { error }) };
  const shared = { event_id, loop_id: loop.loop_id, node_name: loop.step, result };
  if (!failed) return { ...shared, event_type: 'loop.done', status: 'COMPLETED' };
  const message = error?.message ?? 'the loop was stopped before its last item';
  return { ...shared, event_type: 'loop.done', status: 'FAILED', error: message };
}

/** Whether so many failures leave the loop a success, when failures count. */
function isTolerated({ tolerated_count, tolerated_percent, size }: LoopRow, failed: number): boolean {
  if (tolerated_count === null && tolerated_percent === null) return failed === 0;
  const byCount = tolerated_count === null || failed <= tolerated_count;
  return byCount && (tolerated_percent === null || failed <= (size * tolerated_percent) / 100);
}

async function resultsOf(
  store: Store,
  loop: LoopRow,
  facts: LoopFacts,
  inlineMaxBytes: number,
): Promise<Json> {
  const ref = makeRef(loop.execution_id, 'loop', loop.loop_id, facts.rows, facts.bytes);
  if (facts.bytes > inlineMaxBytes) return hole(ref);
  const items = await readItems(store, ref.ref, 0, loop.size);
  const text = `[${items.join(',')}]`;
  return text.length > inlineMaxBytes ? hole(ref) : (JSON.parse(text) as Json);
}
