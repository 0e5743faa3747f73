/** The trace that the request which started an execution belongs to. */
import { CompiledQuery, type Kysely } from 'kysely';

export const traces = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.executeQuery(CompiledQuery.raw('ALTER TABLE noetl.execution ADD COLUMN traceparent text'));
  },
};
