/** Steps and loops that may take only so long. */
import { CompiledQuery, type Kysely } from 'kysely';

const STATEMENTS = [
  `ALTER TABLE noetl.command ADD COLUMN deadline timestamptz`,
  `ALTER TABLE noetl.loop ADD COLUMN deadline timestamptz, ADD COLUMN timed_out boolean NOT NULL DEFAULT false`,
  `CREATE INDEX command_deadline ON noetl.command (deadline)
    WHERE deadline IS NOT NULL AND state IN ('pending', 'leased', 'waiting')`,
  `CREATE INDEX loop_deadline ON noetl.loop (deadline) WHERE deadline IS NOT NULL AND state IN ('open', 'stopping')`,
];

export const stepDeadlines = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await db.executeQuery(CompiledQuery.raw(statement));
  },
};
