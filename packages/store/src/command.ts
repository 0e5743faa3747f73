/**
 * Commands: claiming one under a lease, extending leases, finding those nobody works on. Leases are measured by the
 * database's clock alone.
 */
import { sql } from 'kysely';
import type { Command, Context, Id, Json, JsonObject, RoutedCommand } from '@noetl/protocol';
import { chunkCommand, dropChunks, lockLoop } from './chunk.ts';
import type { Store } from './database.ts';
import type { CommandState, LoopPhase } from './tables.ts';
import { isPaused } from './pause.ts';

export type Claim =
  | {
      kind: 'claimed';
      attempt: number;
      command: Command;
      catalog_id: Id;
      ctx: JsonObject;
      /** Failed items of the loop so far. */
      loop_failed: number;
      /** Of a command that was suspended: what is done so far. */
      progress: Json;
      /** How often a worker that held it vanished, and at which items, as far as that is known. */
      deaths: number;
      died_at: number[];
    }
  /** Another worker holds it for at least `retry_ms` more, or it has just become free. */
  | { kind: 'busy'; retry_ms: number }
  /** Nothing to do: finished, cancelled, or unknown to this database. */
  | { kind: 'gone'; reason: string };

/** What has just become free comes back after so long. */
const FREE_RETRY_MS = 50;

export interface CommandKey {
  execution_id: Id;
  command_id: Id;
}

interface ClaimedRow {
  lane: 'step' | 'chunk';
  step: string;
  event_id: Id | null;
  loop_id: Id | null;
  from_index: number | null;
  to_index: number | null;
  context: Context | null;
  attempt: number;
  catalog_id: Id;
  ctx: JsonObject | null;
  loop_state: LoopPhase | null;
  ended: boolean;
  loop_failed: number | null;
  progress: Json;
  deaths: number;
  died_at: number[];
}

/** Not waiting for the disk: a claim that a crash of Postgres takes back leaves a command that is claimed again. */
const CLAIM = `
  UPDATE noetl.command AS c SET
    state = 'leased', worker_id = $3, attempt = c.attempt + 1, lease_until = now() + $4::int * interval '1 ms',
    deaths = c.deaths + (c.state = 'leased' AND c.worker_id <> $3)::int, cursor = NULL,
    died_at = CASE WHEN c.state = 'leased' AND c.worker_id <> $3 AND c.cursor IS NOT NULL
      THEN c.died_at || c.cursor ELSE c.died_at END
  FROM (SELECT set_config('synchronous_commit', 'off', true)) AS hurry, noetl.execution AS e
    LEFT JOIN noetl.loop AS l ON l.execution_id = e.execution_id AND l.loop_id =
      (SELECT loop_id FROM noetl.command WHERE execution_id = $1 AND command_id = $2)
  WHERE c.execution_id = $1 AND c.command_id = $2 AND e.execution_id = c.execution_id
    AND e.paused_at IS NULL AND l.paused_at IS NULL
    AND (c.state = 'pending' OR (c.state = 'leased' AND (c.lease_until < now() OR c.worker_id = $3)))
  RETURNING c.lane, c.step, c.event_id, c.loop_id, c.from_index, c.to_index, c.context, c.attempt, c.catalog_id,
    c.progress, c.deaths, c.died_at, l.failed AS loop_failed, l.ctx, l.state AS loop_state, e.end_time IS NOT NULL AS ended`;

/** Takes a command that is pending, or whose lease has run out, or that this worker holds already. */
export async function claimCommand(
  store: Store,
  claim: CommandKey & { worker_id: string; lease_ms: number },
): Promise<Claim> {
  const { execution_id, command_id, worker_id, lease_ms } = claim;
  const { rows } = await store.pool.query<ClaimedRow>({
    name: 'claim-command',
    text: CLAIM,
    values: [execution_id, command_id, worker_id, lease_ms],
  });
  const row = rows[0];
  if (!row) return whyNot(store, claim);
  // What was suspended is in flight: it may end while its loop stops.
  const inFlight = row.progress !== null && row.loop_state === 'stopping';
  if (row.loop_id !== null && row.loop_state !== 'open' && !inFlight) {
    const loop = { execution_id, loop_id: row.loop_id };
    await store.db.transaction().execute(async (tx) => {
      await lockLoop(tx, loop);
      await dropChunks(tx, loop, command_id);
    });
    return { kind: 'gone', reason: 'its loop has stopped' };
  }
  if (row.ended) {
    await store.db
      .updateTable('command')
      .set({ state: 'cancelled', done_at: sql<Date>`now()` })
      .where('execution_id', '=', execution_id)
      .where('command_id', '=', command_id)
      .where('state', '=', 'leased')
      .where('worker_id', '=', worker_id)
      .execute();
    return { kind: 'gone', reason: 'its execution has ended' };
  }
  const { attempt, catalog_id, progress, deaths, died_at } = row;
  const loop_failed = row.loop_failed ?? 0;
  const command = commandOf(claim, row);
  const ctx = row.ctx ?? {};
  return { kind: 'claimed', attempt, catalog_id, command, ctx, progress, loop_failed, deaths, died_at };
}

function commandOf({ execution_id, command_id }: CommandKey, row: ClaimedRow): Command {
  const { step, loop_id, from_index, to_index, event_id, context } = row;
  if (row.lane === 'chunk' && loop_id !== null) {
    return chunkCommand({ execution_id, command_id, step, loop_id, from_index, to_index });
  }
  return {
    lane: 'step',
    execution_id,
    command_id,
    step,
    event_id: event_id as Id,
    context: context as Context,
  };
}

async function whyNot(store: Store, { execution_id, command_id }: CommandKey): Promise<Claim> {
  const { rows } = await sql<{ state: CommandState; wait_ms: number | null; paused: boolean }>`
    SELECT state, (extract(epoch FROM lease_until - now()) * 1000)::float8 AS wait_ms,
      ${isPaused} AS paused
    FROM noetl.command AS c WHERE execution_id = ${execution_id} AND command_id = ${command_id}`.execute(
    store.db,
  );
  const [row] = rows;
  if (!row) return { kind: 'gone', reason: 'Postgres does not know it' };
  // Whoever resumes publishes it again.
  if (row.paused && (row.state === 'pending' || (row.wait_ms ?? 0) <= 0))
    return { kind: 'gone', reason: 'it is paused' };
  // It was paused, or held, a moment ago.
  if (row.state === 'pending') return { kind: 'busy', retry_ms: FREE_RETRY_MS };
  if (row.state === 'leased')
    return { kind: 'busy', retry_ms: Math.max(FREE_RETRY_MS, Math.ceil(row.wait_ms ?? 0)) };
  return { kind: 'gone', reason: `it is ${row.state}` };
}

/** Extends leases; returns the commands that are still this worker's and still wanted, and which of them are paused. */
export async function heartbeat(
  store: Store,
  commands: readonly CommandKey[],
  workerId: string,
  leaseMs: number,
): Promise<(CommandKey & { paused: boolean })[]> {
  const executions = commands.map((command) => command.execution_id);
  const ids = commands.map((command) => command.command_id);
  const { rows } = await sql<CommandKey & { paused: boolean }>`
    UPDATE noetl.command AS c SET lease_until = now() + ${leaseMs} * interval '1 ms'
    FROM unnest(${executions}::bigint[], ${ids}::bigint[]) AS k (execution_id, command_id), noetl.execution AS e
    WHERE c.execution_id = k.execution_id AND c.command_id = k.command_id AND e.execution_id = k.execution_id
      AND c.state = 'leased' AND c.worker_id = ${workerId} AND e.end_time IS NULL
    RETURNING c.execution_id, c.command_id, ${isPaused} AS paused`.execute(store.db);
  return rows;
}

/**
 * Commands to publish again: pending for `older_than_ms` without a claim, or with a lease that has run out. Each is
 * given to one caller, and not again for as long.
 */
export async function staleCommands(
  store: Store,
  { older_than_ms, limit }: { older_than_ms: number; limit: number },
): Promise<(RoutedCommand & { attempt: number })[]> {
  const { rows } = await sql<RoutedCommand & { attempt: number }>`
    WITH stale AS (
      SELECT execution_id, command_id FROM noetl.command AS c
      WHERE state IN ('pending', 'leased') AND NOT ${isPaused} AND available_at < now() - ${older_than_ms} * interval '1 ms'
        AND (state = 'pending' OR lease_until < now())
      ORDER BY available_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
    )
    UPDATE noetl.command AS c SET available_at = now() FROM stale AS s
    WHERE c.execution_id = s.execution_id AND c.command_id = s.command_id
    RETURNING c.execution_id, c.command_id, c.lane, c.attempt, c.pool`.execute(store.db);
  return rows;
}
