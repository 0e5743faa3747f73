/**
 * How much work is open, for metrics and autoscalers; and what keeps executions that do not move. Everything is counted
 * in partial indexes that hold open rows only, so the history costs nothing.
 */
import { sql } from 'kysely';
import type { Id } from '@noetl/protocol';
import type { Store } from './database.ts';
import { hasNoWorkers } from './runtime.ts';

export interface Workload {
  executions: { running: number; paused: number };
  commands: { lane: 'step' | 'chunk'; state: 'pending' | 'leased' | 'waiting'; count: number }[];
  /** Age in seconds of the oldest command that could run and has not been claimed; 0 without. */
  oldest_pending_s: number;
  loops: LoopWorkload;
}

/** Of loops that are not closed. */
interface LoopWorkload {
  loops: number;
  completed: number;
  failed: number;
  /** In chunks that a worker holds. */
  running: number;
  /** Still to be run, in loops that are neither stopping nor paused. */
  pending: number;
  /** Chunks that are out, and those that the rest will make if they stay as large; by pool. */
  chunks_remaining: Record<string, number>;
}

export async function workload(store: Store): Promise<Workload> {
  const [executions, commands, loops] = await Promise.all([
    sql<{ running: number; paused: number }>`
      SELECT (count(*) FILTER (WHERE paused_at IS NULL))::int AS running, count(paused_at)::int AS paused
      FROM noetl.execution WHERE end_time IS NULL`.execute(store.db),
    sql<Workload['commands'][number] & { oldest_s: number }>`
      SELECT lane, state, count(*)::int AS count, extract(epoch FROM now() - min(created_at))::float8 AS oldest_s
      FROM noetl.command WHERE state IN ('pending', 'leased') GROUP BY lane, state
      UNION ALL SELECT lane, state, count(*)::int, 0 FROM noetl.command WHERE state = 'waiting' GROUP BY lane, state`.execute(
      store.db,
    ),
    loopWorkload(store),
  ]);
  const oldest = commands.rows.map(({ state, oldest_s }) => (state === 'pending' ? oldest_s : 0));
  return {
    executions: executions.rows[0] ?? { running: 0, paused: 0 },
    commands: commands.rows.map(({ lane, state, count }) => ({ lane, state, count })),
    oldest_pending_s: Math.max(0, ...oldest),
    loops,
  };
}

type PoolWorkload = Omit<LoopWorkload, 'chunks_remaining'> & { pool: string; chunks_remaining: number };

async function loopWorkload(store: Store): Promise<LoopWorkload> {
  const { rows } = await sql<PoolWorkload>`
    SELECT l.pool, count(*)::int AS loops,
      coalesce(sum(l.completed - l.failed), 0)::float8 AS completed,
      coalesce(sum(l.failed), 0)::float8 AS failed,
      coalesce(sum(c.running), 0)::float8 AS running,
      coalesce(sum(l.size - l.completed - c.running) FILTER (WHERE l.goes_on), 0)::float8 AS pending,
      coalesce(sum(c.open + ceil((l.size - l.next_index) / greatest(1, c.items / greatest(1, c.open))))
        FILTER (WHERE l.goes_on), 0)::float8 AS chunks_remaining
    FROM (
      SELECT o.*, o.state = 'open' AND o.paused_at IS NULL AND e.paused_at IS NULL AS goes_on
      FROM noetl.loop AS o JOIN noetl.execution AS e ON e.execution_id = o.execution_id WHERE o.state <> 'done'
    ) AS l CROSS JOIN LATERAL (
      SELECT count(*) AS open, coalesce(sum(to_index - from_index), 0)::float8 AS items,
        coalesce(sum(to_index - from_index) FILTER (WHERE state = 'leased'), 0) AS running
      FROM noetl.command AS c WHERE c.execution_id = l.execution_id AND c.loop_id = l.loop_id
        AND c.state IN ('pending', 'leased', 'waiting')
    ) AS c GROUP BY l.pool`.execute(store.db);
  const sum = (of: (row: PoolWorkload) => number): number => rows.reduce((all, row) => all + of(row), 0);
  return {
    loops: sum((row) => row.loops),
    completed: sum((row) => row.completed),
    failed: sum((row) => row.failed),
    running: sum((row) => row.running),
    pending: sum((row) => row.pending),
    chunks_remaining: Object.fromEntries(rows.map((row) => [row.pool, row.chunks_remaining])),
  };
}

/**
 * What an execution that does not move waits for: facts that nobody has decided on, a pool without workers, a command that
 * nobody runs, a loop that nobody has closed, a loop that has nothing out; or for nothing at all.
 */
export type StuckReason =
  'undecided' | 'no_workers' | 'unclaimed' | 'loop_filled' | 'loop_idle' | 'nothing_open';

export const STUCK_REASONS: readonly StuckReason[] = [
  'undecided',
  'no_workers',
  'unclaimed',
  'loop_filled',
  'loop_idle',
  'nothing_open',
];

export async function whyStuck(store: Store, executionIds: readonly Id[]): Promise<Map<Id, StuckReason>> {
  const { rows } = await sql<{ execution_id: Id; reason: StuckReason }>`
    SELECT execution_id, CASE
      WHEN last_event_id > advanced_event_id OR last_event_id = 0 OR cancel_requested IS NOT NULL THEN 'undecided'
      WHEN EXISTS (SELECT 1 FROM noetl.loop AS l
        WHERE l.execution_id = x.execution_id AND l.state = 'filled') THEN 'loop_filled'
      WHEN EXISTS (SELECT 1 FROM noetl.command AS c
        WHERE c.execution_id = x.execution_id AND c.state = 'pending' AND ${hasNoWorkers}) THEN 'no_workers'
      WHEN EXISTS (SELECT 1 FROM noetl.command AS c
        WHERE c.execution_id = x.execution_id AND c.state IN ('pending', 'leased')) THEN 'unclaimed'
      WHEN EXISTS (SELECT 1 FROM noetl.loop AS l
        WHERE l.execution_id = x.execution_id AND l.state <> 'done') THEN 'loop_idle'
      ELSE 'nothing_open' END AS reason
    FROM noetl.execution AS x WHERE execution_id = ANY (${executionIds}::bigint[])`.execute(store.db);
  return new Map(rows.map(({ execution_id, reason }) => [execution_id, reason]));
}
