/** Which workers may run a command, or the items of a loop. */
import { CompiledQuery, type Kysely } from 'kysely';

export const pools = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const table of ['command', 'loop']) {
      const text = `ALTER TABLE noetl.${table} ADD COLUMN pool text NOT NULL DEFAULT 'default'`;
      await db.executeQuery(CompiledQuery.raw(text));
    }
  },
};
