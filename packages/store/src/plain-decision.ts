/**
 * Decisions that only append events and commands, or end an execution in which nothing is open, in two round trips and without holding a lock: what has come since
 * a known state is read, and what was decided is stored by one statement, which does nothing when the execution has
 * moved meanwhile. Everybody who appends raises `last_event_id`, so it is the version.
 */
import type { EngineEvent, ExecutionStatus, Id, Json, StepCommand } from '@noetl/protocol';
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

/**
 * What has happened since the event `version`. Undefined when that is no place to go on from: the execution has
 * ended, is to be cancelled, or the caller's state is from before a loop's ids were reserved.
 */
export async function newsSince(store: Store, executionId: Id, version: Id): Promise<News | undefined> {
  const { rows } = await store.pool.query<NewsRow>({
    name: 'news-since',
    text: 'SELECT * FROM noetl.news_since($1, $2)',
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
  /** Of a decision that ends the execution. */
  end?: { result?: Json; error?: string };
}

/** $1 execution, $2 expected, $3 last event, $4 status, $5 events, $6 commands; of an end $7 result, $8 error. */
const commitText = (set: string, unless: string, more: string): string => `
  WITH moved AS (
    UPDATE noetl.execution AS x SET last_event_id = $3::bigint, advanced_event_id = $3::bigint, status = $4,
      updated_at = now()${set}
    WHERE x.execution_id = $1::bigint AND x.last_event_id = $2::bigint AND x.end_time IS NULL
      AND x.cancel_requested IS NULL${unless}
    RETURNING x.execution_id, x.catalog_id, x.webhook
  ), appended AS (
    INSERT INTO noetl.event (execution_id, catalog_id, event_id, event_type, node_name, status, result, meta, error,
      duration, command_id, loop_id)
    SELECT m.execution_id, m.catalog_id, e.event_id, e.event_type, e.node_name, e.status, e.result, e.meta, e.error,
      e.duration, e.command_id, e.loop_id
    FROM moved AS m, json_to_recordset($5::json) AS e (event_id bigint, event_type text, node_name text, status text,
      result jsonb, meta jsonb, error text, duration float8, command_id bigint, loop_id bigint)
  ), issued AS (
    INSERT INTO noetl.command (execution_id, catalog_id, command_id, lane, step, event_id, context, pool, deadline)
    SELECT m.execution_id, m.catalog_id, c.command_id, c.lane, c.step, c.event_id, c.context,
      coalesce(c.pool, 'default'), now() + c.timeout_s * interval '1 s'
    FROM moved AS m, json_to_recordset($6::json) AS c (command_id bigint, lane text, step text, event_id bigint,
      context jsonb, timeout_s float8, pool text)
  )${more}
  SELECT 1 FROM moved`;

const COMMIT = commitText('', '', '');

/**
 * Only where nothing has to be stopped and nobody waits: a parent that begins to wait just now is seen by a second
 * statement only. Nothing can be opened meanwhile, that would raise `last_event_id`.
 */
const COMMIT_END = commitText(
  ', end_time = now(), paused_at = NULL, result = $7::jsonb, error = $8',
  ` AND x.parent_execution_id IS NULL
      AND NOT EXISTS (SELECT 1 FROM noetl.loop WHERE execution_id = $1::bigint AND state <> 'done')
      AND NOT EXISTS (SELECT 1 FROM noetl.command
        WHERE execution_id = $1::bigint AND state IN ('pending', 'leased', 'waiting'))`,
  `, told AS (
    INSERT INTO noetl.webhook_delivery (execution_id, url)
    SELECT execution_id, webhook ->> 'url' FROM moved WHERE webhook IS NOT NULL
    ON CONFLICT DO NOTHING
  )`,
);

/**
 * False when something has happened that the decision does not know of, or, of an end, when something is still open;
 * then nothing is stored.
 */
export async function commitPlain(store: Store, decision: PlainDecision): Promise<boolean> {
  const { execution_id, expected, events, commands, last_event_id, status, end } = decision;
  const values = [
    execution_id,
    expected,
    last_event_id,
    status,
    JSON.stringify(events),
    JSON.stringify(commands),
  ];
  const { rowCount } = await store.pool.query(
    end
      ? {
          name: 'commit-end',
          text: COMMIT_END,
          values: [...values, JSON.stringify(end.result ?? null), end.error ?? null],
        }
      : { name: 'commit-plain', text: COMMIT, values },
  );
  return rowCount === 1;
}
