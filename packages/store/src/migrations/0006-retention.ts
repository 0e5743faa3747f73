/**
 * Retention: an execution that is past it is marked first, so that nobody sees or redrives it while its rows are
 * deleted, and whoever comes after a crash knows what to go on with.
 */
import { CompiledQuery, type Kysely } from 'kysely';

const STATEMENTS = [
  `ALTER TABLE noetl.execution ADD COLUMN expired_at timestamptz`,
  `CREATE INDEX execution_expired ON noetl.execution (execution_id) WHERE expired_at IS NOT NULL`,
];

export const retention = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await db.executeQuery(CompiledQuery.raw(statement));
  },
};
