/**
 * Frames of cursor loops: a chunk whose items are claimed by a worker when it starts. Claimed items are kept like any
 * other collection, and get their indexes, before the first of them runs: a frame that is delivered again goes on
 * with what it has.
 */
import { sql } from 'kysely';
import { NoetlError, parseRef, type Id } from '@noetl/protocol';
import { pageText, writePage } from './collection.ts';
import type { CommandKey } from './command.ts';
import type { Store } from './database.ts';
import type { LoopRow } from './loop.ts';

/** A page of a stored list holds at most this many items. */
const PAGE_ITEMS = 1_000;

/** The range of indexes the items have got; undefined when the command is no longer this worker's. */
export function fillFrame(
  store: Store,
  loop: LoopRow,
  frame: CommandKey & { worker_id: string },
  items: string[],
): Promise<{ from: number; to: number } | undefined> {
  const list = loop.collection.kind === 'ref' ? parseRef(loop.collection.ref) : undefined;
  if (!list) throw new NoetlError('INTERNAL', `loop ${loop.loop_id} is no cursor loop`);
  return store.db
    .transaction()
    .execute(async (tx) => {
      const { rows } = await sql<{ size: number }>`
      UPDATE noetl.loop SET size = size + ${items.length}, next_index = size + ${items.length}
      WHERE execution_id = ${loop.execution_id} AND loop_id = ${loop.loop_id}
      RETURNING size`.execute(tx);
      const to = (rows[0] as { size: number }).size;
      const from = to - items.length;
      const held = await tx
        .updateTable('command')
        .set({ from_index: from, to_index: to })
        .where('execution_id', '=', frame.execution_id)
        .where('command_id', '=', frame.command_id)
        .where('state', '=', 'leased')
        .where('worker_id', '=', frame.worker_id)
        .executeTakeFirst();
      if (held.numUpdatedRows === 0n) throw new FrameLost();
      for (let at = 0; at < items.length; at += PAGE_ITEMS) {
        const page = items.slice(at, at + PAGE_ITEMS);
        await writePage(tx, {
          execution_id: loop.execution_id,
          list_id: list.id,
          page_index: from + at,
          from_index: from + at,
          count: page.length,
          items_text: pageText(page),
        });
      }
      return { from, to };
    })
    .catch((error: unknown) => {
      if (error instanceof FrameLost) return undefined;
      throw error;
    });
}

/** Rolls the transaction back: nothing of a frame that somebody else holds may count. */
class FrameLost extends Error {}

/** Issues the first frames of a cursor loop; their ranges are not known yet. */
export async function openFrames(
  tx: Parameters<typeof writePage>[0],
  of: { execution_id: Id; loop_id: Id },
  frames: number,
): Promise<{ command_id: Id; step: string }[]> {
  const db = 'db' in tx ? tx.db : tx;
  const { rows } = await sql<{ command_id: Id; step: string }>`
    WITH raised AS (
      UPDATE noetl.loop SET open_chunks = open_chunks + ${frames}
      WHERE execution_id = ${of.execution_id} AND loop_id = ${of.loop_id}
      RETURNING execution_id, catalog_id, step, loop_id, pool
    )
    INSERT INTO noetl.command (execution_id, command_id, catalog_id, lane, step, loop_id, pool)
    SELECT execution_id, nextval('noetl.chunk_id'), catalog_id, 'chunk', step, loop_id, pool
    FROM raised, generate_series(1, ${frames}::int)
    RETURNING command_id, step`.execute(db);
  return rows;
}
