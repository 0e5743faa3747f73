/** Pausing: nothing of an execution, or of one of its loops, is started until it is resumed. */
import { sql } from 'kysely';
import { idSource, type RoutedCommand, type Id } from '@noetl/protocol';
import type { Store } from './database.ts';
import { appendEvents } from './event-log.ts';
import { lockExecution, raiseLastEvent } from './execution.ts';

/** Of a command `c`: its execution or its loop is paused. */
export const isPaused = sql<boolean>`(
  EXISTS (SELECT 1 FROM noetl.execution AS pe WHERE pe.execution_id = c.execution_id AND pe.paused_at IS NOT NULL)
  OR EXISTS (SELECT 1 FROM noetl.loop AS pl
    WHERE pl.execution_id = c.execution_id AND pl.loop_id = c.loop_id AND pl.paused_at IS NOT NULL))`;

export interface Pausing {
  execution_id: Id;
  /** Only this loop step, in its newest entry. */
  step?: string;
  paused: boolean;
  /** Unix time. */
  nowMs: number;
}

/**
 * `unchanged`: it was so already. Of a loop `unknown` when the step has none that runs. Recorded as an event in the
 * same transaction.
 */
export function setPaused(
  store: Store,
  { execution_id, step, paused, nowMs }: Pausing,
): Promise<'changed' | 'unchanged' | 'ended' | 'unknown'> {
  return store.db.transaction().execute(async (tx) => {
    const locked = await lockExecution(tx, execution_id);
    if (!locked) return 'unknown';
    if (locked.ended) return 'ended';
    const { rows } =
      step === undefined
        ? await sql<{ was: boolean; name: string }>`
            WITH old AS (SELECT paused_at FROM noetl.execution WHERE execution_id = ${execution_id})
            UPDATE noetl.execution AS e SET paused_at = CASE WHEN ${paused}::bool THEN coalesce(e.paused_at, now()) END
            FROM old WHERE e.execution_id = ${execution_id}
            RETURNING old.paused_at IS NOT NULL AS was, e.path AS name`.execute(tx)
        : await sql<{ was: boolean; name: string }>`
            WITH old AS (SELECT loop_id, paused_at FROM noetl.loop
              WHERE execution_id = ${execution_id} AND step = ${step} AND state <> 'done' ORDER BY loop_id DESC LIMIT 1)
            UPDATE noetl.loop AS l SET paused_at = CASE WHEN ${paused}::bool THEN coalesce(l.paused_at, now()) END
            FROM old WHERE l.execution_id = ${execution_id} AND l.loop_id = old.loop_id
            RETURNING old.paused_at IS NOT NULL AS was, l.step AS name`.execute(tx);
    const [row] = rows;
    if (!row) return 'unknown';
    if (row.was === paused) return 'unchanged';
    // An execution that nobody has started yet starts with its own first event.
    if (locked.last_event_id === '0') return 'changed';
    const event_id = idSource(locked.last_event_id, nowMs).next();
    const event_type = paused ? 'execution.paused' : 'execution.resumed';
    const event = { event_id, event_type, node_name: row.name, status: 'RUNNING', result: null } as const;
    await appendEvents(tx, { execution_id, catalog_id: locked.catalog_id }, [event]);
    await raiseLastEvent(tx, execution_id, event_id);
    return 'changed';
  });
}

/** Commands of an execution that a worker could take now, at most `limit`; the relay finds those beyond. */
export async function openCommands(store: Store, executionId: Id, limit: number): Promise<RoutedCommand[]> {
  const { rows } = await sql<RoutedCommand>`
    SELECT execution_id, command_id, lane, pool FROM noetl.command
    WHERE execution_id = ${executionId} AND (state = 'pending' OR (state = 'leased' AND lease_until < now()))
    ORDER BY command_id LIMIT ${limit}`.execute(store.db);
  return rows;
}
