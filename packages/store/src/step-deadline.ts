/**
 * Steps and loops that did not end in time, by the database's clock. A step ends as failed in the words of a worker, a
 * loop stops as it stands; whoever still runs something of them loses its lease. Any number of callers may try.
 */
import { sql } from 'kysely';
import { NoetlError, type Id } from '@noetl/protocol';
import type { Store } from './database.ts';
import { recountStopping } from './decision.ts';
import { lockExecution } from './execution.ts';
import { finishStep } from './finish-step.ts';

export interface OverdueStep {
  execution_id: Id;
  command_id: Id;
  step: string;
  /** The child execution that it waits for. */
  waits_for: Id | null;
  timeout_s: number;
}

export async function overdueSteps(store: Store, limit: number): Promise<OverdueStep[]> {
  const { rows } = await sql<OverdueStep>`
    SELECT execution_id, command_id, step, waits_for, extract(epoch FROM deadline - created_at)::float8 AS timeout_s
    FROM noetl.command WHERE deadline < now() AND state IN ('pending', 'leased', 'waiting')
    ORDER BY deadline LIMIT ${limit}`.execute(store.db);
  return rows;
}

/** False when it has ended meanwhile. */
export async function expireStep(store: Store, overdue: OverdueStep, nowMs: number): Promise<boolean> {
  const { execution_id, command_id, step, timeout_s } = overdue;
  const error = stepTimeout(step, timeout_s).toInfo();
  const outcome = { status: 'FAILED', error, attempts: 1, duration_s: timeout_s, stdout: '' } as const;
  const finished = { execution_id, command_id, worker_id: 'deadline', nowMs, outcome };
  return (await finishStep(store, finished)).committed;
}

export function stepTimeout(step: string, timeoutS: number): NoetlError {
  return new NoetlError('STEP_TIMEOUT', `step "${step}" did not end within ${String(timeoutS)} s`);
}

export async function overdueLoops(
  store: Store,
  limit: number,
): Promise<{ execution_id: Id; loop_id: Id; step: string }[]> {
  const { rows } = await sql<{ execution_id: Id; loop_id: Id; step: string }>`
    SELECT execution_id, loop_id, step FROM noetl.loop WHERE deadline < now() AND state IN ('open', 'stopping')
    ORDER BY deadline LIMIT ${limit}`.execute(store.db);
  return rows;
}

/**
 * Stops a loop as it stands; what is being claimed or committed right now is left alone, and met again by the next call.
 * Returns the children that its items wait for, or undefined when there is nothing left to stop.
 */
export async function expireLoop(
  store: Store,
  { execution_id, loop_id }: { execution_id: Id; loop_id: Id },
): Promise<{ stopped: boolean; children: Id[] } | undefined> {
  return store.db.transaction().execute(async (tx) => {
    await lockExecution(tx, execution_id);
    const before = await tx
      .selectFrom('loop')
      .select(['state', 'timed_out'])
      .where('execution_id', '=', execution_id)
      .where('loop_id', '=', loop_id)
      .where('state', 'in', ['open', 'stopping'])
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (!before) return undefined;
    const stopped = before.state === 'open';
    await tx
      .updateTable('loop')
      .set({ state: 'stopping', paused_at: null, timed_out: stopped || before.timed_out })
      .where('execution_id', '=', execution_id)
      .where('loop_id', '=', loop_id)
      .execute();
    const { rows } = await sql<{ waits_for: Id | null }>`
      UPDATE noetl.command AS c SET state = 'cancelled', done_at = now()
      FROM (SELECT command_id FROM noetl.command
        WHERE execution_id = ${execution_id} AND loop_id = ${loop_id} AND state IN ('pending', 'leased', 'waiting')
        FOR UPDATE SKIP LOCKED) AS free
      WHERE c.execution_id = ${execution_id} AND c.command_id = free.command_id
      RETURNING c.waits_for`.execute(tx);
    await recountStopping(tx, execution_id);
    return { stopped, children: rows.flatMap(({ waits_for }) => waits_for ?? []) };
  });
}
