/** Stores what `advance` decided: events, commands, loops and the execution's row, in the caller's transaction. */
import { sql } from 'kysely';
import type { EngineEvent, ExecutionStatus, Id, Json, LoopOpening, StepCommand } from '@noetl/protocol';
import type { Tx } from './database.ts';
import { appendEvents } from './event-log.ts';
import { enqueueWebhook } from './webhook.ts';
import { dropChunks } from './chunk.ts';
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

async function insertSteps(tx: Tx, catalog_id: Id, commands: StepCommand[]): Promise<void> {
  if (commands.length === 0) return;
  const rows = commands.map(({ execution_id, command_id, lane, step, event_id, context }) => ({
    execution_id,
    command_id,
    catalog_id,
    lane,
    step,
    event_id,
    context: JSON.stringify(context),
  }));
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
    ctx: '{}',
    next_index: 0,
    completed: 0,
    failed: 0,
    open_chunks: 0,
    state: 'open' as const,
  }));
  await tx.insertInto('loop').values(rows).execute();
}

/** An execution that has ended wants nothing more: open commands are cancelled, running chunks finish what they hold. */
async function stopWork(tx: Tx, executionId: Id): Promise<void> {
  const loops = await tx
    .updateTable('loop')
    .set({ state: 'stopping' })
    .where('execution_id', '=', executionId)
    .where('state', '=', 'open')
    .returning('loop_id')
    .execute();
  for (const { loop_id } of loops) await dropChunks(tx, { execution_id: executionId, loop_id });
  await tx
    .updateTable('command')
    .set({ state: 'cancelled', done_at: sql<Date>`now()` })
    .where('execution_id', '=', executionId)
    .where('state', 'in', ['pending', 'waiting'])
    .execute();
}
