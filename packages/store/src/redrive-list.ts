/** The chosen indexes of a redrive, in pages: position in the new entry → index of the first. */
import { sql } from 'kysely';
import { NoetlError, type LoopRedrive } from '@noetl/protocol';
import type { Store } from './database.ts';
import type { LoopKey } from './loop.ts';

/** Indexes of a page. */
export const REDRIVE_PAGE = 1_000;

/** Those at the positions `[from, to)`, in rising order. */
export async function chosenIndexes(
  store: Store,
  { execution_id, loop_id }: LoopKey,
  { list_id }: LoopRedrive,
  from: number,
  to: number,
): Promise<number[]> {
  const { rows } = await sql<{ from_position: number; indexes: number[] }>`
    SELECT from_position, indexes FROM noetl.redrive_page
    WHERE execution_id = ${execution_id} AND list_id = ${list_id}
      AND from_position > ${from - REDRIVE_PAGE}::int AND from_position < ${to}::int
    ORDER BY from_position`.execute(store.db);
  const indexes = rows.flatMap((page) =>
    page.indexes.slice(Math.max(0, from - page.from_position), to - page.from_position),
  );
  if (indexes.length !== to - from) throw new NoetlError('INTERNAL', `redrive ${loop_id} has lost indexes`);
  return indexes;
}
