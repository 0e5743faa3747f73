/**
 * Redrive: an execution may have several runs, each with one terminal event, and a loop entry may run chosen items of
 * an earlier one again. Rows of iterations get no column more: what is new is in the rows of loops and executions.
 */
import { CompiledQuery, type Kysely } from 'kysely';

const STATEMENTS = [
  `ALTER TABLE noetl.execution ADD COLUMN run int NOT NULL DEFAULT 1, ADD COLUMN run_start_time timestamptz`,
  `ALTER TABLE noetl.loop ADD COLUMN redrive_of bigint, ADD COLUMN redrive jsonb`,
  `CREATE INDEX loop_redrives ON noetl.loop (execution_id, redrive_of, loop_id) WHERE redrive_of IS NOT NULL`,
  `CREATE TABLE noetl.redrive_page (
    execution_id bigint NOT NULL REFERENCES noetl.execution,
    list_id bigint NOT NULL,
    from_position int NOT NULL,
    indexes int[] NOT NULL,
    PRIMARY KEY (execution_id, list_id, from_position)
  )`,
  `DROP INDEX noetl.event_terminal`,
  // The run stands in the event's meta, from the second on.
  `CREATE UNIQUE INDEX event_terminal ON noetl.event (execution_id, (coalesce((meta ->> 'run')::int, 1)))
    WHERE event_type IN ('playbook.completed', 'playbook.failed', 'execution.cancelled')`,
];

export const redrive = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await db.executeQuery(CompiledQuery.raw(statement));
  },
};
