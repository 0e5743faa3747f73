/**
 * Decisions that only append events and commands, in two round trips and without holding a lock: what has come since
 * a known state is read, and what was decided is stored by one statement, which does nothing when the execution has
 * moved meanwhile. Everybody who appends raises `last_event_id`, so it is the version.
 */
import type { EngineEvent, ExecutionStatus, Id, StepCommand } from '@noetl/protocol';
import type { Store } from './database.ts';
import { engineEvent } from './event-log.ts';

export interface News {
  catalog_id: Id;
  last_event_id: Id;
  /** In order; none when nothing has happened since. */
  events: EngineEvent[];
}

type NewsRow = { catalog_id: Id; last_event_id: Id } & (
  Parameters<typeof engineEvent>[0] | { event_id: null }
);

const SINCE = `
  SELECT x.catalog_id, x.last_event_id, e.event_id, e.event_type, e.node_name, e.status, e.result, e.error, e.meta,
    e.duration, e.command_id, e.loop_id
  FROM noetl.execution AS x
    LEFT JOIN noetl.event AS e ON e.execution_id = $1 AND e.event_id > $2 AND e.loop_name IS NULL
  WHERE x.execution_id = $1 AND x.end_time IS NULL AND x.cancel_requested IS NULL
    AND x.snapshot_event_id <= $2 AND x.last_event_id >= $2
  ORDER BY e.event_id`;

/**
 * What has happened since the event `version`. Undefined when that is no place to go on from: the execution has
 * ended, is to be cancelled, or the caller's state is from before a loop's ids were reserved.
 */
export async function newsSince(store: Store, executionId: Id, version: Id): Promise<News | undefined> {
  const { rows } = await store.pool.query<NewsRow>({
    name: 'news-since',
    text: SINCE,
    values: [executionId, version],
  });
  const [first] = rows;
  if (!first) return undefined;
  const { catalog_id, last_event_id } = first;
  const events = rows.flatMap((row) => (row.event_id === null ? [] : [engineEvent(row)]));
  return { catalog_id, last_event_id, events };
}

export interface PlainDecision {
  execution_id: Id;
  /** Last event that was known when it was made. */
  expected: Id;
  events: EngineEvent[];
  commands: StepCommand[];
  last_event_id: Id;
  status: ExecutionStatus;
}

const COMMIT = `
  WITH moved AS (
    UPDATE noetl.execution SET last_event_id = $3::bigint, advanced_event_id = $3::bigint, status = $4, updated_at = now()
    WHERE execution_id = $1::bigint AND last_event_id = $2::bigint AND end_time IS NULL AND cancel_requested IS NULL
    RETURNING execution_id, catalog_id
  ), appended AS (
    INSERT INTO noetl.event (execution_id, catalog_id, event_id, event_type, node_name, status, result, meta, error,
      duration, command_id, loop_id)
    SELECT m.*, e.event_id, e.event_type, e.node_name, e.status, e.result, e.meta, e.error, e.duration, e.command_id,
      e.loop_id
    FROM moved AS m, json_to_recordset($5::json) AS e (event_id bigint, event_type text, node_name text, status text,
      result jsonb, meta jsonb, error text, duration float8, command_id bigint, loop_id bigint)
  ), issued AS (
    INSERT INTO noetl.command (execution_id, catalog_id, command_id, lane, step, event_id, context)
    SELECT m.*, c.command_id, c.lane, c.step, c.event_id, c.context
    FROM moved AS m, json_to_recordset($6::json) AS c (command_id bigint, lane text, step text, event_id bigint,
      context jsonb)
  )
  SELECT 1 FROM moved`;

/** False when something has happened that the decision does not know of; then nothing is stored. */
export async function commitPlain(store: Store, decision: PlainDecision): Promise<boolean> {
  const { execution_id, expected, events, commands, last_event_id, status } = decision;
  const { rowCount } = await store.pool.query({
    name: 'commit-plain',
    text: COMMIT,
    values: [execution_id, expected, last_event_id, status, JSON.stringify(events), JSON.stringify(commands)],
  });
  return rowCount === 1;
}
