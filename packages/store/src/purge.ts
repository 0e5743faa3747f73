/**
 * Deletes everything of executions that are marked as past their retention, in short transactions, the row of the
 * execution last: whoever comes after a crash finds it, and goes on.
 */
import { sql } from 'kysely';
import type { Id } from '@noetl/protocol';
import { connection, type Store, type Tx } from './database.ts';
import { maintenanceStep } from './maintenance-step.ts';

/** All tables with rows of executions, but for events and the executions themselves. */
const TABLES = ['command', 'loop', 'collection_page', 'redrive_page', 'value', 'webhook_delivery'] as const;

/** Rows that one transaction deletes. */
const BATCH = 2_000;

/** Rows that were deleted, or would be, by table. */
export type RowCounts = Record<string, number>;

/** Marked executions that are not deleted yet, below an id. */
export async function markedExecutions(store: Store, below: Id, limit: number): Promise<Id[]> {
  const { rows } = await sql<{ execution_id: Id }>`
    SELECT execution_id FROM noetl.execution WHERE expired_at IS NOT NULL AND execution_id < ${below}
    ORDER BY execution_id LIMIT ${limit}`.execute(store.db);
  return rows.map(({ execution_id }) => execution_id);
}

/** Those of the executions that have loops, and so perhaps counts in K/V. */
export async function withLoops(store: Store, ids: Id[]): Promise<Id[]> {
  const { rows } = await sql<{ execution_id: Id }>`
    SELECT DISTINCT execution_id FROM noetl.loop WHERE execution_id = ANY (${ids}::bigint[])`.execute(
    store.db,
  );
  return rows.map(({ execution_id }) => execution_id);
}

/**
 * Deletes what is left of marked executions. `onBatch` hears of each transaction; false stops it there, and the next
 * call goes on. Counts by table; `execution` is among them when all is gone.
 */
export async function purgeExecutions(
  store: Store,
  ids: Id[],
  onBatch: () => boolean = () => true,
): Promise<RowCounts> {
  const counts: RowCounts = {};
  const until = async (table: string, limit: number, batch: () => Promise<number>): Promise<boolean> => {
    for (;;) {
      const deleted = await batch();
      if (deleted > 0) counts[table] = (counts[table] ?? 0) + deleted;
      if (!onBatch()) return false;
      if (deleted < limit) return true;
    }
  };
  if (!(await until('event', BATCH, () => deleteEvents(store, ids)))) return counts;
  for (const table of TABLES) {
    if (!(await until(table, BATCH, () => deleteRows(store, table, ids)))) return counts;
  }
  await until('execution', Infinity, () => deleteExecutions(store, ids));
  return counts;
}

/** By a function of the owner, since nobody else may delete events. */
function deleteEvents(store: Store, ids: Id[]): Promise<number> {
  return purgeStep(store, async (tx) => {
    const { rows } = await sql<{ deleted: number }>`
      SELECT noetl.purge_events(${ids}::bigint[], ${BATCH}) AS deleted`.execute(tx);
    return rows[0]?.deleted ?? 0;
  });
}

/** What is deleted twice is deleted: a crash of the server may undo the last steps, so none of them waits for the disk. */
function purgeStep<T>(store: Store, work: (tx: Tx) => Promise<T>): Promise<T> {
  return maintenanceStep(store, async (tx) => {
    await sql`SELECT set_config('synchronous_commit', 'off', true)`.execute(tx);
    return work(tx);
  });
}

function deleteRows(store: Store, table: (typeof TABLES)[number], ids: Id[]): Promise<number> {
  return purgeStep(store, async (tx) => {
    const of = sql.table(`noetl.${table}`);
    const { numAffectedRows } = await sql`
      DELETE FROM ${of} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ${of} WHERE execution_id = ANY (${ids}::bigint[]) LIMIT ${BATCH}))`.execute(tx);
    return Number(numAffectedRows ?? 0);
  });
}

function deleteExecutions(store: Store, ids: Id[]): Promise<number> {
  return purgeStep(store, async (tx) => {
    await sql`UPDATE noetl.schedule SET last_execution_id = NULL
      WHERE last_execution_id = ANY (${ids}::bigint[])`.execute(tx);
    const { numAffectedRows } = await sql`
      DELETE FROM noetl.execution WHERE execution_id = ANY (${ids}::bigint[]) AND expired_at IS NOT NULL`.execute(
      tx,
    );
    return Number(numAffectedRows ?? 0);
  });
}

/** What a purge would delete, without the events. */
export async function countRows(store: Store | Tx, ids: Id[]): Promise<RowCounts> {
  const counts: RowCounts = {};
  for (const table of [...TABLES, 'execution'] as const) {
    const { rows } = await sql<{ n: number }>`
      SELECT count(*)::float8 AS n FROM ${sql.table(`noetl.${table}`)}
      WHERE execution_id = ANY (${ids}::bigint[])`.execute(connection(store));
    if (rows[0] && rows[0].n > 0) counts[table] = rows[0].n;
  }
  return counts;
}

/** Events of executions; slow where there are many. */
export async function countEvents(store: Store | Tx, ids: Id[]): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    SELECT count(*)::float8 AS n FROM noetl.event WHERE execution_id = ANY (${ids}::bigint[])`.execute(
    connection(store),
  );
  return rows[0]?.n ?? 0;
}
