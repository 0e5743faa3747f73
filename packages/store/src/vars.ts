/** The variables of an execution as its events tell them, and writing one from outside. */
import { sql } from 'kysely';
import { idSource, NoetlError, type Id, type Json, type JsonObject } from '@noetl/protocol';
import type { Store } from './database.ts';
import { appendEvents } from './event-log.ts';
import { lockExecution, raiseLastEvent } from './execution.ts';

export interface Variable {
  name: string;
  value: Json;
  type: 'user_defined' | 'step_result';
  source_step: string | null;
  created_at: Date;
}

/** The latest value of each variable: the workload of the start, then every write. */
export async function readVars(store: Store, executionId: Id): Promise<Variable[]> {
  const { rows } = await sql<Variable>`
    SELECT DISTINCT ON (v.key) v.key AS name, v.value,
      CASE WHEN e.event_type = 'ctx.updated' THEN 'step_result' ELSE 'user_defined' END AS type,
      CASE WHEN e.event_type = 'ctx.updated' THEN e.node_name END AS source_step, e.created_at
    FROM noetl.event AS e,
      jsonb_each(CASE WHEN e.event_type = 'ctx.updated' THEN e.result ELSE e.result -> 'workload' END) AS v
    WHERE e.execution_id = ${executionId} AND e.loop_name IS NULL
      AND e.event_type IN ('playbook.initialized', 'ctx.updated')
    ORDER BY v.key, e.event_id DESC`.execute(store.db);
  return rows;
}

/** Throws EXECUTION_ENDED: variables of an execution that has ended are history. */
export function writeVars(
  store: Store,
  executionId: Id,
  values: JsonObject,
  { source, nowMs }: { source: string; nowMs: number },
): Promise<void> {
  return store.db.transaction().execute(async (tx) => {
    const locked = await lockExecution(tx, executionId);
    if (!locked || locked.ended)
      throw new NoetlError(
        'EXECUTION_ENDED',
        `execution ${executionId} has ended: its variables stay as they are`,
      );
    const ids = idSource(locked.last_event_id, nowMs);
    const event = {
      event_id: ids.next(),
      event_type: 'ctx.updated',
      node_name: source,
      status: 'COMPLETED',
    } as const;
    await appendEvents(tx, { execution_id: executionId, catalog_id: locked.catalog_id }, [
      { ...event, result: values },
    ]);
    await raiseLastEvent(tx, executionId, ids.last());
  });
}
