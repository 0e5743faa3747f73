/**
 * The whole language: credentials, commands that wait for a child execution, loops over cursors, results kept by
 * name, schedules, and webhooks that tell of an execution's end.
 */
import { CompiledQuery, type Kysely } from 'kysely';

const STATEMENTS = [
  `CREATE TABLE noetl.credential (
    credential_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL UNIQUE,
    type text NOT NULL,
    data_encrypted text NOT NULL,
    meta jsonb,
    tags text[] NOT NULL DEFAULT '{}',
    description text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
  )`,
  `ALTER TABLE noetl.execution
    ADD COLUMN cancel_requested text,
    ADD COLUMN webhook jsonb,
    ADD COLUMN root_execution_id bigint,
    ADD COLUMN depth int NOT NULL DEFAULT 0`,
  `CREATE INDEX execution_children ON noetl.execution (parent_execution_id)
    WHERE parent_execution_id IS NOT NULL`,
  `DROP INDEX noetl.execution_to_advance`,
  `CREATE INDEX execution_to_advance ON noetl.execution (updated_at)
    WHERE end_time IS NULL AND (last_event_id > advanced_event_id OR last_event_id = 0 OR cancel_requested IS NOT NULL)`,
  `ALTER TABLE noetl.command
    ADD COLUMN progress jsonb,
    ADD COLUMN waits_for bigint,
    ADD COLUMN wake_at timestamptz`,
  `CREATE INDEX command_waiting ON noetl.command (waits_for) WHERE state = 'waiting'`,
  `CREATE INDEX command_to_wake ON noetl.command (wake_at) WHERE state = 'waiting' AND wake_at IS NOT NULL`,
  `DROP INDEX noetl.command_of_loop`,
  `CREATE INDEX command_of_loop ON noetl.command (execution_id, loop_id)
    WHERE state IN ('pending', 'leased', 'waiting')`,
  `ALTER TABLE noetl.loop
    ADD COLUMN concurrency int NOT NULL DEFAULT 1,
    ADD COLUMN tolerated_count int,
    ADD COLUMN tolerated_percent double precision,
    ADD COLUMN cursor boolean NOT NULL DEFAULT false,
    ADD COLUMN chunk_max int,
    ADD COLUMN drained boolean NOT NULL DEFAULT false`,
  `ALTER TABLE noetl.value
    ADD COLUMN step text,
    ADD COLUMN name text,
    ADD COLUMN scope text,
    ADD COLUMN store text,
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT now()`,
  `CREATE INDEX value_expiry ON noetl.value (expires_at) WHERE expires_at IS NOT NULL`,
  `CREATE TABLE noetl.schedule (
    schedule_id bigint PRIMARY KEY,
    playbook_path text NOT NULL,
    playbook_version int,
    cron text,
    interval_seconds int,
    enabled boolean NOT NULL DEFAULT true,
    timezone text NOT NULL DEFAULT 'UTC',
    missed_runs text NOT NULL DEFAULT 'once',
    next_run_at timestamptz,
    last_run_at timestamptz,
    last_execution_id bigint,
    last_status text,
    input_payload jsonb NOT NULL DEFAULT '{}',
    meta jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((cron IS NULL) <> (interval_seconds IS NULL))
  )`,
  `CREATE INDEX schedule_due ON noetl.schedule (next_run_at) WHERE enabled`,
  `CREATE TABLE noetl.webhook_delivery (
    execution_id bigint PRIMARY KEY REFERENCES noetl.execution,
    url text NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    attempts int NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT now(),
    last_error text,
    delivered_at timestamptz
  )`,
  `CREATE INDEX webhook_due ON noetl.webhook_delivery (next_try_at) WHERE state = 'pending'`,
];

export const language = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await db.executeQuery(CompiledQuery.raw(statement));
  },
};
