/** Commands that go wrong for reasons of their own: the item at which a worker may vanish, and failures to finish. */
import { sql } from 'kysely';
import type { CommandKey } from './command.ts';
import type { Store } from './database.ts';

/** Says which item runs next, so that the next holder knows where this one vanished. False: no longer ours. */
export async function writeCursor(
  store: Store,
  { execution_id, command_id, worker_id, index }: CommandKey & { worker_id: string; index: number },
): Promise<boolean> {
  const { rows } = await sql`
    UPDATE noetl.command SET cursor = ${index}
    WHERE execution_id = ${execution_id} AND command_id = ${command_id} AND state = 'leased'
      AND worker_id = ${worker_id}
    RETURNING 1`.execute(store.db);
  return rows.length > 0;
}

/** Counts a failure to run or to finish a command; how many there were. Zero: it is no longer this worker's. */
export async function countFault(
  store: Store,
  { execution_id, command_id, worker_id }: CommandKey & { worker_id: string },
): Promise<number> {
  const { rows } = await sql<{ faults: number }>`
    UPDATE noetl.command SET faults = faults + 1
    WHERE execution_id = ${execution_id} AND command_id = ${command_id} AND state = 'leased'
      AND worker_id = ${worker_id}
    RETURNING faults`.execute(store.db);
  return rows[0]?.faults ?? 0;
}

/** Errors of Postgres and of the way to it that pass: shutting down, out of disk or connections, unreachable. */
const PASSING = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|57P|08|53|40|55P03|25P0)/;

/** Whether an error says nothing about the command itself: the same will go well later. */
export function isPassing(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === 'SERVICE_UNAVAILABLE') return true;
  if (typeof code === 'string' && PASSING.test(code)) return true;
  return /timeout exceeded when trying to connect|Connection terminated/.test(String(message));
}
