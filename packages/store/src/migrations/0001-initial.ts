/**
 * First schema. `event` is partitioned by execution id, which is a time: retention drops a partition. It has one
 * full index, the primary key, because iteration rows are the hot path; look-ups of all other events use a partial
 * index that iteration rows do not enter.
 */
import { CompiledQuery, type Kysely } from 'kysely';

const STATEMENTS = [
  `CREATE SCHEMA IF NOT EXISTS noetl`,
  `CREATE SEQUENCE noetl.chunk_id`,
  `CREATE SEQUENCE noetl.value_id`,
  `CREATE TABLE noetl.catalog (
    catalog_id bigint PRIMARY KEY,
    path text NOT NULL,
    version int NOT NULL,
    kind text NOT NULL,
    content text NOT NULL,
    content_hash text NOT NULL,
    layout jsonb, payload jsonb, meta jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (path, version)
  )`,
  `CREATE TABLE noetl.execution (
    execution_id bigint PRIMARY KEY,
    catalog_id bigint NOT NULL REFERENCES noetl.catalog,
    parent_execution_id bigint,
    path text NOT NULL,
    version int NOT NULL,
    status text NOT NULL,
    payload jsonb NOT NULL,
    idempotency_key text,
    request_hash text,
    last_event_id bigint NOT NULL DEFAULT 0,
    advanced_event_id bigint NOT NULL DEFAULT 0,
    snapshot jsonb,
    snapshot_event_id bigint NOT NULL DEFAULT 0,
    result jsonb,
    error text,
    start_time timestamptz NOT NULL DEFAULT now(),
    end_time timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE UNIQUE INDEX execution_idempotency_key ON noetl.execution (idempotency_key)
    WHERE idempotency_key IS NOT NULL`,
  `CREATE INDEX execution_to_advance ON noetl.execution (updated_at)
    WHERE end_time IS NULL AND (last_event_id > advanced_event_id OR last_event_id = 0)`,
  `CREATE INDEX execution_path ON noetl.execution (path, execution_id)`,
  `CREATE TABLE noetl.event (
    execution_id bigint NOT NULL,
    event_id bigint NOT NULL,
    catalog_id bigint,
    parent_event_id bigint,
    parent_execution_id bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    event_type text NOT NULL,
    node_id text,
    node_name text NOT NULL,
    node_type text,
    status text NOT NULL,
    duration double precision,
    context jsonb,
    result jsonb,
    meta jsonb,
    error text,
    loop_name text,
    loop_id bigint,
    current_index int,
    current_item text,
    worker_id text,
    command_id bigint,
    attempt int,
    distributed_state text,
    context_key text,
    context_value text,
    trace_component jsonb,
    stack_trace text,
    PRIMARY KEY (execution_id, event_id)
  ) PARTITION BY RANGE (execution_id)`,
  `CREATE TABLE noetl.event_default PARTITION OF noetl.event DEFAULT`,
  `CREATE UNIQUE INDEX event_terminal ON noetl.event (execution_id)
    WHERE event_type IN ('playbook.completed', 'playbook.failed', 'execution.cancelled')`,
  `CREATE INDEX event_of_steps ON noetl.event (execution_id, event_id) WHERE loop_name IS NULL`,
  `CREATE VIEW noetl.event_log AS SELECT *, created_at AS "timestamp" FROM noetl.event`,
  `CREATE TABLE noetl.loop (
    execution_id bigint NOT NULL REFERENCES noetl.execution,
    loop_id bigint NOT NULL,
    catalog_id bigint NOT NULL,
    step text NOT NULL,
    base_event_id bigint NOT NULL,
    size int NOT NULL,
    iterator text NOT NULL,
    mode text NOT NULL,
    max_in_flight int,
    on_error text NOT NULL,
    collection jsonb NOT NULL,
    context jsonb NOT NULL,
    ctx jsonb NOT NULL DEFAULT '{}',
    next_index int NOT NULL DEFAULT 0,
    completed int NOT NULL DEFAULT 0,
    failed int NOT NULL DEFAULT 0,
    open_chunks int NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'open',
    created_at timestamptz NOT NULL DEFAULT now(),
    filled_at timestamptz,
    done_at timestamptz,
    PRIMARY KEY (execution_id, loop_id),
    CHECK (completed BETWEEN 0 AND size), CHECK (failed BETWEEN 0 AND completed), CHECK (open_chunks >= 0)
  ) WITH (fillfactor = 50)`,
  `CREATE INDEX loop_of_step ON noetl.loop (execution_id, step, loop_id)`,
  `CREATE INDEX loop_filled ON noetl.loop (filled_at) WHERE state = 'filled'`,
  `CREATE INDEX loop_running ON noetl.loop (execution_id, loop_id) WHERE state <> 'done'`,
  `CREATE TABLE noetl.command (
    execution_id bigint NOT NULL REFERENCES noetl.execution,
    command_id bigint NOT NULL,
    catalog_id bigint NOT NULL,
    lane text NOT NULL,
    step text NOT NULL,
    event_id bigint,
    loop_id bigint,
    from_index int,
    to_index int,
    context jsonb,
    state text NOT NULL DEFAULT 'pending',
    attempt int NOT NULL DEFAULT 0,
    worker_id text,
    lease_until timestamptz,
    available_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz,
    PRIMARY KEY (execution_id, command_id),
    CHECK (lane = 'step' OR (loop_id IS NOT NULL AND from_index < to_index))
  )`,
  `CREATE INDEX command_open ON noetl.command (available_at) WHERE state IN ('pending', 'leased')`,
  `CREATE INDEX command_of_loop ON noetl.command (execution_id, loop_id) WHERE state IN ('pending', 'leased')`,
  `CREATE TABLE noetl.collection_page (
    execution_id bigint NOT NULL REFERENCES noetl.execution,
    list_id bigint NOT NULL,
    page_index int NOT NULL,
    from_index int NOT NULL,
    count int NOT NULL,
    items json NOT NULL,
    PRIMARY KEY (execution_id, list_id, from_index)
  )`,
  `CREATE TABLE noetl.value (
    execution_id bigint NOT NULL REFERENCES noetl.execution,
    value_id bigint NOT NULL,
    content json NOT NULL,
    PRIMARY KEY (execution_id, value_id)
  )`,
  `CREATE TABLE noetl.runtime (
    runtime_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL,
    kind text NOT NULL,
    status text NOT NULL DEFAULT 'running',
    labels jsonb NOT NULL DEFAULT '{}',
    capacity int NOT NULL,
    heartbeat timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, name)
  )`,
];

export const initial = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await db.executeQuery(CompiledQuery.raw(statement));
  },
};
