/** Stores what `advance` decided: events, commands, loops and the execution's row, in the caller's transaction. */
import { sql, type RawBuilder } from 'kysely';
import {
  DEFAULT_POOL,
  type EngineEvent,
  type ExecutionStatus,
  type Id,
  type Json,
  type LoopOpening,
  type StepCommand,
} from '@noetl/protocol';
import type { Tx } from './database.ts';
import { appendEvents } from './event-log.ts';
import { enqueueWebhook } from './webhook.ts';
import { requestCancelOfChildren, wakeWaiting, type Woken } from './child.ts';

export interface StoredDecision {
  execution_id: Id;
  catalog_id: Id;
  events: EngineEvent[];
  commands: StepCommand[];
  loops: LoopOpening[];
  /** Last id given or reserved by the decision. */
  last_event_id: Id;
  status: ExecutionStatus;
  /** State after the decision; every later fold starts from it. Required when loops are opened. */
  snapshot?: Json;
  /** With a terminal status. */
  result?: Json;
  error?: string;
  /** The execution had ended: a new run begins. */
  redriven?: boolean;
  /** Children that still run are to be cancelled, for this reason. */
  cancel_children?: string;
}

/** What has to be told to others after the commit. */
export interface Committed {
  /** Commands that waited for this execution. */
  woken: Woken[];
  /** Children whose cancellation was asked for. */
  cancelled: Id[];
}

const TERMINAL: readonly ExecutionStatus[] = ['COMPLETED', 'FAILED', 'CANCELLED'];

export async function commitDecision(tx: Tx, decision: StoredDecision): Promise<Committed> {
  const { execution_id, catalog_id, status } = decision;
  await appendEvents(tx, { execution_id, catalog_id }, decision.events);
  await insertSteps(tx, catalog_id, decision.commands);
  await insertLoops(tx, catalog_id, decision.loops);
  const ended = TERMINAL.includes(status);
  if (decision.redriven === true) await beginRun(tx, execution_id);
  await tx
    .updateTable('execution')
    .set({
      status,
      last_event_id: decision.last_event_id,
      advanced_event_id: decision.last_event_id,
      updated_at: sql<Date>`now()`,
      ...(decision.snapshot !== undefined && {
        snapshot: JSON.stringify(decision.snapshot),
        snapshot_event_id: decision.last_event_id,
      }),
      ...(ended && {
        end_time: sql<Date>`now()`,
        // What is paused is offered to nobody, and nobody could resume it: the rest of its loops would never be closed.
        paused_at: null,
        result: JSON.stringify(decision.result ?? null),
        error: decision.error ?? null,
      }),
    })
    .where('execution_id', '=', execution_id)
    .execute();
  if (!ended) return { woken: [], cancelled: [] };
  await stopWork(tx, execution_id);
  await enqueueWebhook(tx, execution_id);
  const reason = decision.cancel_children;
  return {
    woken: await wakeWaiting(tx, execution_id),
    cancelled: reason === undefined ? [] : await requestCancelOfChildren(tx, execution_id, reason),
  };
}

/** Nothing of the run before may go on; a time limit is one of each run. */
async function beginRun(tx: Tx, executionId: Id): Promise<void> {
  await tx
    .updateTable('command')
    .set({ state: 'cancelled', done_at: sql<Date>`now()` })
    .where('execution_id', '=', executionId)
    .where('state', 'in', ['pending', 'leased', 'waiting'])
    .execute();
  await sql`
    UPDATE noetl.execution SET run = run + 1, run_start_time = now(), end_time = NULL, result = NULL, error = NULL,
      cancel_requested = NULL, paused_at = NULL, deadline = now() + (deadline - coalesce(run_start_time, start_time))
    WHERE execution_id = ${executionId}`.execute(tx);
  // Its end is told again.
  await sql`DELETE FROM noetl.webhook_delivery WHERE execution_id = ${executionId}`.execute(tx);
}

/** By the database's clock. */
function deadlineIn(seconds: number | undefined): RawBuilder<Date | null> {
  return sql<Date | null>`now() + ${seconds ?? null}::float8 * interval '1 s'`;
}

async function insertSteps(tx: Tx, catalog_id: Id, commands: StepCommand[]): Promise<void> {
  if (commands.length === 0) return;
  const rows = commands.map(
    ({ execution_id, command_id, lane, step, event_id, context, timeout_s, pool }) => ({
      execution_id,
      command_id,
      catalog_id,
      lane,
      step,
      event_id,
      context: JSON.stringify(context),
      deadline: deadlineIn(timeout_s),
      pool: pool ?? DEFAULT_POOL,
    }),
  );
  await tx.insertInto('command').values(rows).execute();
}

async function insertLoops(tx: Tx, catalog_id: Id, loops: LoopOpening[]): Promise<void> {
  if (loops.length === 0) return;
  const rows = loops.map((loop) => ({
    loop_id: loop.loop_id,
    execution_id: loop.context.execution_id,
    catalog_id,
    step: loop.step,
    base_event_id: loop.base_event_id,
    size: loop.size,
    iterator: loop.iterator,
    mode: loop.mode,
    max_in_flight: loop.max_in_flight ?? null,
    concurrency: loop.concurrency,
    tolerated_count: loop.tolerated?.count ?? null,
    tolerated_percent: loop.tolerated?.percent ?? null,
    cursor: loop.cursor,
    chunk_max: loop.chunk_max ?? null,
    on_error: loop.on_error,
    collection: JSON.stringify(loop.collection),
    context: JSON.stringify(loop.context),
    ctx: JSON.stringify(loop.ctx ?? {}),
    redrive_of: loop.redrive?.loop_id ?? null,
    redrive: loop.redrive ? JSON.stringify(loop.redrive) : null,
    deadline: deadlineIn(loop.timeout_s),
    pool: loop.pool ?? DEFAULT_POOL,
    next_index: 0,
    completed: 0,
    failed: 0,
    open_chunks: 0,
    state: 'open' as const,
  }));
  await tx.insertInto('loop').values(rows).execute();
}

/**
 * An execution that has ended wants nothing more: open commands are cancelled, running chunks finish what they hold.
 * What is left of its loops is counted anew: a loop that was stopping may have chunks that its stop did not see.
 */
async function stopWork(tx: Tx, executionId: Id): Promise<void> {
  await tx
    .updateTable('loop')
    .set({ state: 'stopping', paused_at: null })
    .where('execution_id', '=', executionId)
    .where('state', 'in', ['open', 'stopping'])
    .execute();
  await sql`
    UPDATE noetl.command AS c SET state = 'cancelled', done_at = now()
    FROM (SELECT command_id FROM noetl.command
      WHERE execution_id = ${executionId} AND state IN ('pending', 'waiting') FOR UPDATE SKIP LOCKED) AS free
    WHERE c.execution_id = ${executionId} AND c.command_id = free.command_id`.execute(tx);
  await recountStopping(tx, executionId);
}

/** Loops that are stopping and have nothing open are full. */
export async function recountStopping(tx: Tx, executionId: Id): Promise<void> {
  await sql`
    WITH still AS (
      SELECT l.loop_id, count(c.command_id)::int AS open
      FROM noetl.loop AS l LEFT JOIN noetl.command AS c
        ON c.execution_id = l.execution_id AND c.loop_id = l.loop_id AND c.state IN ('pending', 'leased', 'waiting')
      WHERE l.execution_id = ${executionId} AND l.state = 'stopping' GROUP BY l.loop_id
    )
    UPDATE noetl.loop AS l SET open_chunks = s.open,
      state = CASE WHEN s.open = 0 THEN 'filled' ELSE l.state END,
      filled_at = CASE WHEN s.open = 0 THEN now() END
    FROM still AS s WHERE l.execution_id = ${executionId} AND l.loop_id = s.loop_id`.execute(tx);
}
