/** Finders of what notices missed. Each is bounded and uses an index of its own. */
import { sql } from 'kysely';
import type { Id } from '@noetl/protocol';
import type { Store } from './database.ts';
import type { LoopKey, LoopRow } from './loop.ts';

interface Bounds {
  older_than_ms: number;
  limit: number;
}

/** Loops with nothing outstanding that nobody has closed yet. */
export function filledLoops(store: Store, { older_than_ms, limit }: Bounds): Promise<LoopKey[]> {
  return store.db
    .selectFrom('loop')
    .select(['execution_id', 'loop_id'])
    .where('state', '=', 'filled')
    .where('filled_at', '<', sql<Date>`now() - ${older_than_ms} * interval '1 ms'`)
    .orderBy('filled_at')
    .limit(limit)
    .execute();
}

/** Executions that have just been created, are to be cancelled, or hold facts that nobody has decided on. */
export async function executionsToAdvance(store: Store, { older_than_ms, limit }: Bounds): Promise<Id[]> {
  const { rows } = await sql<{ execution_id: Id }>`
    SELECT execution_id FROM noetl.execution
    WHERE end_time IS NULL
      AND (last_event_id > advanced_event_id OR last_event_id = 0 OR cancel_requested IS NOT NULL)
      AND updated_at < now() - ${older_than_ms} * interval '1 ms'
    ORDER BY updated_at LIMIT ${limit}`.execute(store.db);
  return rows.map((row) => row.execution_id);
}

/** Executions that have not ended in time, by the database's clock. */
export async function overdueExecutions(store: Store, limit: number): Promise<Id[]> {
  const { rows } = await sql<{ execution_id: Id }>`
    SELECT execution_id FROM noetl.execution WHERE end_time IS NULL AND deadline IS NOT NULL AND deadline < now()
    ORDER BY deadline LIMIT ${limit}`.execute(store.db);
  return rows.map((row) => row.execution_id);
}

/** Loops that are not done, by pages; `after` is the key of the last one before. */
export function runningLoops(
  store: Store,
  { after, limit }: { after?: LoopKey; limit: number },
): Promise<LoopRow[]> {
  let query = store.db
    .selectFrom('loop')
    .selectAll()
    .where('state', '!=', 'done')
    .orderBy('execution_id')
    .orderBy('loop_id')
    .limit(limit);
  if (after) {
    query = query.where(
      sql<boolean>`(execution_id, loop_id) > (${after.execution_id}::bigint, ${after.loop_id}::bigint)`,
    );
  }
  return query.execute();
}
