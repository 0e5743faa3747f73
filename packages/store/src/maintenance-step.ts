/**
 * One step of maintenance: a short transaction, one at a time among all processes, that never waits long for a lock.
 * A lock it cannot have is left to whoever holds it, and the step to the next round.
 */
import { sql } from 'kysely';
import type { Store, Tx } from './database.ts';

/** Serialises steps, so that two processes never race for one partition. */
const MAINTENANCE_LOCK = 7_215_001;
/** Steps are short; but for the statistics, which take their time. */
const TURN_WAIT_MS = 10_000;
/** Whoever wants the event table waits behind us for as long. */
const LOCK_WAIT_MS = 500;

export interface StepOptions {
  statementTimeoutMs?: number;
}

export function maintenanceStep<T>(
  store: Store,
  work: (tx: Tx) => Promise<T>,
  { statementTimeoutMs }: StepOptions = {},
): Promise<T> {
  return store.db.transaction().execute(async (tx) => {
    await set(tx, 'lock_timeout', TURN_WAIT_MS);
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(MAINTENANCE_LOCK)})`.execute(tx);
    await set(tx, 'lock_timeout', LOCK_WAIT_MS);
    if (statementTimeoutMs !== undefined) await set(tx, 'statement_timeout', statementTimeoutMs);
    return work(tx);
  });
}

async function set(tx: Tx, name: string, ms: number): Promise<void> {
  await sql`SELECT set_config(${name}, ${String(ms)}, true)`.execute(tx);
}

/** lock_timeout, a deadlock, a row that came to an execution that was about to go, and being broken off. */
const BUSY = new Set(['55P03', '40P01', '23503', '57014']);

/** Whether a step failed because of what others hold or want: the next round will do it. */
export function isBusy(error: unknown): boolean {
  return BUSY.has(String((error as { code?: unknown }).code));
}
