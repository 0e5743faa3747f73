/**
 * What is known of commands whose worker vanished, or whose work cannot be stored; what is paused; until when
 * executions may run.
 */
import { CompiledQuery, type Kysely } from 'kysely';

const STATEMENTS = [
  `ALTER TABLE noetl.command
    ADD COLUMN deaths int NOT NULL DEFAULT 0,
    ADD COLUMN faults int NOT NULL DEFAULT 0,
    ADD COLUMN cursor int,
    ADD COLUMN died_at int[] NOT NULL DEFAULT '{}'`,
  `ALTER TABLE noetl.execution ADD COLUMN paused_at timestamptz, ADD COLUMN deadline timestamptz`,
  `CREATE INDEX execution_unfinished ON noetl.execution (execution_id) WHERE end_time IS NULL`,
  `CREATE INDEX execution_deadline ON noetl.execution (deadline) WHERE end_time IS NULL AND deadline IS NOT NULL`,
  `ALTER TABLE noetl.loop ADD COLUMN paused_at timestamptz`,
];

export const operations = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await db.executeQuery(CompiledQuery.raw(statement));
  },
};
