/** How many chunks executions have running and waiting, so that workers can let them take turns. */
import { sql } from 'kysely';
import type { Id } from '@noetl/protocol';
import type { CommandKey } from './command.ts';
import type { Store } from './database.ts';
import { isPaused } from './pause.ts';

/** An execution with all below it. */
export interface Standing {
  root: Id;
  /** Those of them that have chunks out. */
  executions: Id[];
  running: number;
  waiting: number;
}

export async function standings(store: Store, pool: string): Promise<Standing[]> {
  const { rows } = await sql<Standing>`
    SELECT coalesce(e.root_execution_id, e.execution_id) AS root, array_agg(DISTINCT c.execution_id::text) AS executions,
      count(*) FILTER (WHERE c.state = 'leased' AND c.lease_until > now())::int AS running,
      count(*) FILTER (WHERE c.state = 'pending')::int AS waiting
    FROM noetl.command AS c JOIN noetl.execution AS e USING (execution_id)
    WHERE c.state IN ('pending', 'leased') AND c.lane = 'chunk' AND c.pool = ${pool} AND NOT ${isPaused}
    GROUP BY 1`.execute(store.db);
  return rows;
}

/** The chunk of these executions, for workers of this pool, that has waited longest. */
export async function nextChunkOf(
  store: Store,
  executions: readonly Id[],
  pool: string,
): Promise<CommandKey | undefined> {
  const { rows } = await sql<CommandKey>`
    SELECT execution_id, command_id FROM noetl.command
    WHERE execution_id = ANY (${executions}::bigint[]) AND loop_id IS NOT NULL AND state = 'pending'
      AND pool = ${pool}
    ORDER BY command_id LIMIT 1`.execute(store.db);
  return rows[0];
}
