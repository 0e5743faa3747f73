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
import { connection, type Store, type Tx } from './database.ts';
import { appendEvents } from './event-log.ts';
import { lockExecution, raiseLastEvent } from './execution.ts';
import type { LoopRow } from './loop.ts';
import { stepTimeout } from './step-deadline.ts';
import { basesOf, rowsIn, spanOf, toleratedOf } from './loop-rows.ts';

export interface LoopFacts {
  rows: number;
  failed: number;
  /** Size of all results as stored. */
  bytes: number;
  /** Of the first failed iteration by index. */
  first_error: ErrorInfo | null;
}

/** Counted from the rows themselves, never from a counter; of a redrive, with those of the entries before it. */
export async function loopFacts(of: Store | Tx, loop: LoopRow): Promise<LoopFacts> {
  const bases = await basesOf(of, loop);
  const all = { from: 0, to: spanOf(loop) };
  const source = rowsIn(loop.execution_id, bases, all);
  const failures = rowsIn(loop.execution_id, bases, { ...all, status: 'FAILED', limit: 1 });
  const { rows } = await sql<LoopFacts>`
    SELECT count(*)::int AS rows,
      (count(*) FILTER (WHERE status = 'FAILED'))::int AS failed,
      coalesce(sum(pg_column_size(result)), 0)::float8 AS bytes,
      (SELECT f.result -> 'error' FROM ${failures} AS f
        WHERE ${loop.failed + (loop.redrive?.kept.failed ?? 0) > 0}::bool ORDER BY f.current_index LIMIT 1) AS first_error
    FROM ${source} AS e`.execute(connection(of));
  return rows[0] as LoopFacts;
}

/** Rows of this very entry. */
async function ownRows(store: Store, { execution_id, base_event_id, ...loop }: LoopRow): Promise<number> {
  const { rows } = await sql<{ count: number }>`SELECT count(*)::int AS count
    FROM ${rowsIn(execution_id, [base_event_id], { from: 0, to: spanOf(loop) })} AS e`.execute(store.db);
  return rows[0]?.count ?? 0;
}

/** A filled loop, and what its rows hold. */
export interface CountedLoop {
  loop: LoopRow;
  facts: LoopFacts;
  /** All results, or a reference to them. */
  results: Json;
}

/**
 * Undefined when there is nothing to close: already done, still running, or rows are missing. Results up to
 * `inlineMaxBytes` go into `loop.done`; beyond it, a reference.
 */
export async function countLoop(
  store: Store,
  loop: LoopRow,
  inlineMaxBytes: number,
): Promise<CountedLoop | undefined> {
  if (loop.state !== 'filled') return undefined;
  const facts = await loopFacts(store, loop);
  const rows = loop.redrive ? await ownRows(store, loop) : facts.rows;
  if (rows !== loop.completed) return undefined;
  return { loop, facts, results: await resultsOf(store, loop, facts, inlineMaxBytes) };
}

/** True when this very call has closed the loop. `nowMs` is Unix time. */
export function closeLoop(
  store: Store,
  { loop, facts, results }: CountedLoop,
  nowMs: number,
): Promise<boolean> {
  const { execution_id, loop_id, step } = loop;
  return store.db.transaction().execute(async (tx) => {
    const locked = await lockExecution(tx, execution_id);
    const { numUpdatedRows } = await tx
      .updateTable('loop')
      .set({ state: 'done', done_at: sql<Date>`now()` })
      .where('execution_id', '=', execution_id)
      .where('loop_id', '=', loop_id)
      .where('state', '=', 'filled')
      .executeTakeFirst();
    if (!locked || numUpdatedRows === 0n) return false;
    const ids = idSource(locked.last_event_id, nowMs);
    const events: EngineEvent[] = [];
    if (Object.keys(loop.ctx).length > 0) {
      const result: Record<string, Json> = {};
      for (const [name, value] of Object.entries(loop.ctx)) {
        result[name] = await externalise(tx, execution_id, value);
      }
      events.push({
        event_id: ids.next(),
        event_type: 'ctx.updated',
        node_name: step,
        status: 'COMPLETED',
        result,
      });
    }
    events.push(loopDone(ids.next(), loop, facts, results));
    await appendEvents(tx, { execution_id, catalog_id: locked.catalog_id }, events);
    await raiseLastEvent(tx, execution_id, ids.last());
    return true;
  });
}

function loopDone(event_id: string, loop: LoopRow, facts: LoopFacts, results: Json): EngineEvent {
  const stats: LoopStats = {
    total: spanOf(loop),
    success: facts.rows - facts.failed,
    failed: facts.failed,
    not_started: spanOf(loop) - facts.rows,
  };
  const failed = stats.not_started > 0 || !isTolerated(loop, facts.failed);
  const error = isCutOff(loop, stats) ? stepTimeout(loop.step, secondsOf(loop)).toInfo() : facts.first_error;
  const result: LoopResult = { results, stats, ...(error && { error }) };
  const shared = { event_id, loop_id: loop.loop_id, node_name: loop.step, result };
  if (!failed) return { ...shared, event_type: 'loop.done', status: 'COMPLETED' };
  const message = error?.message ?? 'the loop was stopped before its last item';
  return { ...shared, event_type: 'loop.done', status: 'FAILED', error: message };
}

/** Only what was not done in time makes a time-out. */
function isCutOff(loop: LoopRow, stats: LoopStats): boolean {
  return loop.timed_out && stats.not_started > 0;
}

function secondsOf({ deadline, created_at }: LoopRow): number {
  return deadline === null ? 0 : (deadline.getTime() - created_at.getTime()) / 1000;
}

/**
 * Whether so many failures leave the loop a success. A bound that the author set holds whatever `on_error` says: more
 * failures stop the loop, and when the last chunk brings them there is only nothing left to stop.
 */
function isTolerated(loop: LoopRow, failed: number): boolean {
  const tolerated = toleratedOf(loop);
  if (!tolerated) return failed === 0 || loop.on_error === 'continue';
  const { count = Infinity, percent = 100 } = tolerated;
  return failed <= count && failed <= (spanOf(loop) * percent) / 100;
}

async function resultsOf(
  store: Store,
  loop: LoopRow,
  facts: LoopFacts,
  inlineMaxBytes: number,
): Promise<Json> {
  const ref = makeRef(loop.execution_id, 'loop', loop.loop_id, facts.rows, facts.bytes);
  if (facts.bytes > inlineMaxBytes) return hole(ref);
  const items = await readItems(store, ref.ref, 0, spanOf(loop));
  const text = `[${items.join(',')}]`;
  return text.length > inlineMaxBytes ? hole(ref) : (JSON.parse(text) as Json);
}
