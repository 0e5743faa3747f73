/** Counts for dashboards and monitors; each is served by an index, whatever the history holds. */
import { sql } from 'kysely';
import { clockId, type ExecutionStatus } from '@noetl/protocol';
import type { Store } from './database.ts';

const DAY_MS = 86_400_000;

export interface Overview {
  /** Executions started in the last 24 hours, by status. */
  executions: Partial<Record<ExecutionStatus, number>>;
  /** Commands that are not done, by state. */
  commands: { pending: number; leased: number; waiting: number };
  /** Loops that are not done. */
  loops: number;
}

export async function overview(store: Store, nowMs: number): Promise<Overview> {
  const since = clockId(nowMs - DAY_MS).toString();
  const [executions, commands, loops] = await Promise.all([
    sql<{ status: ExecutionStatus; n: number }>`
      SELECT status, count(*)::int AS n FROM noetl.execution WHERE execution_id >= ${since} GROUP BY status`.execute(
      store.db,
    ),
    sql<{ pending: number; leased: number; waiting: number }>`
      SELECT (SELECT count(*) FROM noetl.command WHERE state IN ('pending', 'leased') AND state = 'pending')::int AS pending,
        (SELECT count(*) FROM noetl.command WHERE state IN ('pending', 'leased') AND state = 'leased')::int AS leased,
        (SELECT count(*) FROM noetl.command WHERE state = 'waiting')::int AS waiting`.execute(store.db),
    sql<{ n: number }>`SELECT count(*)::int AS n FROM noetl.loop WHERE state <> 'done'`.execute(store.db),
  ]);
  return {
    executions: Object.fromEntries(executions.rows.map(({ status, n }) => [status, n])),
    commands: commands.rows[0] ?? { pending: 0, leased: 0, waiting: 0 },
    loops: loops.rows[0]?.n ?? 0,
  };
}

/** Executions that have not ended, and commands that are open; each counted up to its bound and one more. */
export async function openWork(
  store: Store,
  bounds: { executions: number; commands: number },
): Promise<{ executions: number; commands: number }> {
  const { rows } = await sql<{ executions: number; commands: number }>`
    SELECT
      (SELECT count(*)::int FROM (SELECT 1 FROM noetl.execution WHERE end_time IS NULL
        LIMIT ${bounds.executions + 1}) AS e) AS executions,
      (SELECT count(*)::int FROM (SELECT 1 FROM noetl.command WHERE state IN ('pending', 'leased')
        LIMIT ${bounds.commands + 1}) AS c) AS commands`.execute(store.db);
  return rows[0] as { executions: number; commands: number };
}
