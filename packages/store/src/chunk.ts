/** Chunks of a loop as rows of the command table: the first window, and what happens to them when a loop stops. */
import { sql } from 'kysely';
import type { ChunkCommand, Id } from '@noetl/protocol';
import type { Tx } from './database.ts';

interface ChunkRow {
  execution_id: Id;
  command_id: Id;
  step: string;
  loop_id: Id;
  /** Null for a frame whose items are not claimed yet. */
  from_index: number | null;
  to_index: number | null;
}

export function chunkCommand(row: ChunkRow): ChunkCommand {
  const { execution_id, command_id, step, loop_id, from_index, to_index } = row;
  const range = from_index === null || to_index === null ? {} : { from_index, to_index };
  return { lane: 'chunk', execution_id, command_id, step, loop_id, ...range };
}

/** Issues the first chunks of a loop, in the transaction that opens it. */
export async function openChunks(
  tx: Tx,
  of: { execution_id: Id; loop_id: Id },
  plan: { window: number; chunk_size: number },
): Promise<ChunkCommand[]> {
  const { rows } = await sql<ChunkRow>`
    WITH opened AS (
      SELECT l.execution_id, l.loop_id, l.catalog_id, l.step, l.pool, l.size, l.next_index,
        least(${plan.window}::int, ceil((l.size - l.next_index) / ${plan.chunk_size}::numeric)::int) AS chunks
      FROM noetl.loop AS l WHERE l.execution_id = ${of.execution_id} AND l.loop_id = ${of.loop_id}
    ), raised AS (
      UPDATE noetl.loop AS l
      SET next_index = least(o.size, o.next_index + o.chunks * ${plan.chunk_size}::int), open_chunks = l.open_chunks + o.chunks
      FROM opened AS o WHERE l.execution_id = o.execution_id AND l.loop_id = o.loop_id
    )
    INSERT INTO noetl.command (execution_id, command_id, catalog_id, lane, step, loop_id, pool, from_index, to_index)
    SELECT o.execution_id, nextval('noetl.chunk_id'), o.catalog_id, 'chunk', o.step, o.loop_id, o.pool,
      o.next_index + n * ${plan.chunk_size}::int, least(o.size, o.next_index + (n + 1) * ${plan.chunk_size}::int)
    FROM opened AS o, generate_series(0, o.chunks - 1) AS n
    RETURNING execution_id, command_id, step, loop_id, from_index, to_index`.execute(tx);
  return rows.map(chunkCommand);
}

/**
 * A loop that stops drops the chunks nobody has started; and that one of a worker that died. When none is left, the
 * loop is filled. The caller has locked the loop's row; a chunk that somebody has locked is about to be started or
 * finished, and waiting for who waits for the loop would be a deadlock: its next holder drops it.
 */
export async function dropChunks(
  tx: Tx,
  of: { execution_id: Id; loop_id: Id },
  commandId: Id,
): Promise<void> {
  await sql`
    WITH dropped AS (
      UPDATE noetl.command AS c SET state = 'cancelled', done_at = now()
      FROM (SELECT command_id FROM noetl.command
        WHERE execution_id = ${of.execution_id} AND loop_id = ${of.loop_id}
          AND ((state IN ('pending', 'waiting') AND progress IS NULL) OR (state = 'leased' AND command_id = ${commandId}))
        FOR UPDATE SKIP LOCKED) AS free
      WHERE c.execution_id = ${of.execution_id} AND c.command_id = free.command_id
      RETURNING 1
    ), left_open AS (SELECT count(*)::int AS dropped FROM dropped)
    UPDATE noetl.loop SET
      open_chunks = open_chunks - dropped,
      state = CASE WHEN open_chunks - dropped = 0 THEN 'filled' ELSE state END,
      filled_at = CASE WHEN open_chunks - dropped = 0 THEN now() ELSE filled_at END
    FROM left_open WHERE execution_id = ${of.execution_id} AND loop_id = ${of.loop_id} AND state = 'stopping'`.execute(
    tx,
  );
}

/** Locks a loop's row until the end of the transaction. */
export async function lockLoop(tx: Tx, of: { execution_id: Id; loop_id: Id }): Promise<void> {
  await sql`SELECT 1 FROM noetl.loop WHERE execution_id = ${of.execution_id} AND loop_id = ${of.loop_id} FOR UPDATE`.execute(
    tx,
  );
}
