/** Loop entries: their rows, their counters, and pages of their results. */
import { sql, type Selectable } from 'kysely';
import { offsetId, type Id, type Json } from '@noetl/protocol';
import type { Database, Store } from './database.ts';

export type LoopRow = Selectable<Database['loop']>;

export interface LoopKey {
  execution_id: Id;
  loop_id: Id;
}

export function getLoop(store: Store, { execution_id, loop_id }: LoopKey): Promise<LoopRow | undefined> {
  return store.db
    .selectFrom('loop')
    .selectAll()
    .where('execution_id', '=', execution_id)
    .where('loop_id', '=', loop_id)
    .executeTakeFirst();
}

/** Entries of a loop step, newest first; of all loop steps without `step`. */
export function findLoops(store: Store, executionId: Id, step?: string): Promise<LoopRow[]> {
  let query = store.db
    .selectFrom('loop')
    .selectAll()
    .where('execution_id', '=', executionId)
    .orderBy('loop_id', 'desc');
  if (step !== undefined) query = query.where('step', '=', step);
  return query.execute();
}

/** Items in chunks that a worker holds right now. */
export async function itemsInFlight(store: Store, { execution_id, loop_id }: LoopKey): Promise<number> {
  const { rows } = await sql<{ items: number }>`
    SELECT coalesce(sum(to_index - from_index), 0)::int AS items FROM noetl.command
    WHERE execution_id = ${execution_id} AND loop_id = ${loop_id} AND state = 'leased' AND lease_until > now()`.execute(
    store.db,
  );
  return rows[0]?.items ?? 0;
}

export interface IterationResult {
  current_index: number;
  status: string;
  result: Json;
  error: string | null;
  current_item: string | null;
  duration: number | null;
  worker_id: string | null;
}

/** A page of a loop's iterations by index; `after_index` is the last index of the page before. */
export function loopResultsPage(
  store: Store,
  loop: Pick<LoopRow, 'execution_id' | 'base_event_id' | 'size'>,
  page: { after_index?: number; limit: number; state?: 'COMPLETED' | 'FAILED' },
): Promise<IterationResult[]> {
  const from = (page.after_index ?? -1) + 1;
  let query = store.db
    .selectFrom('event')
    .select(['current_index', 'status', 'result', 'error', 'current_item', 'duration', 'worker_id'])
    .where('execution_id', '=', loop.execution_id)
    .where('event_id', '>=', offsetId(loop.base_event_id, from))
    .where('event_id', '<', offsetId(loop.base_event_id, loop.size))
    .orderBy('event_id')
    .limit(page.limit);
  if (page.state !== undefined) query = query.where('status', '=', page.state);
  return query.$narrowType<{ current_index: number }>().execute();
}
