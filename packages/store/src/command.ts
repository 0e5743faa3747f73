/**
 * Commands: claiming one under a lease, extending leases, finding those nobody works on. Leases are measured by the
 * database's clock alone.
 */
import { sql } from 'kysely';
import type { Command, CommandNotice, Context, Id, Json, JsonObject } from '@noetl/protocol';
import { chunkCommand, dropChunks, lockLoop } from './chunk.ts';
import type { CommandState, LoopPhase, Store } from './database.ts';

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
    }
  /** Another worker holds it for at least `retry_ms` more. */
  | { kind: 'busy'; retry_ms: number }
  /** Nothing to do: finished, cancelled, or unknown to this database. */
  | { kind: 'gone'; reason: string };

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
}

/** Not waiting for the disk: a claim that a crash of Postgres takes back leaves a command that is claimed again. */
const CLAIM = `
  UPDATE noetl.command AS c SET
    state = 'leased', worker_id = $3, attempt = c.attempt + 1, lease_until = now() + $4::int * interval '1 ms'
  FROM (SELECT set_config('synchronous_commit', 'off', true)) AS hurry, noetl.execution AS e
    LEFT JOIN noetl.loop AS l ON l.execution_id = e.execution_id AND l.loop_id =
      (SELECT loop_id FROM noetl.command WHERE execution_id = $1 AND command_id = $2)
  WHERE c.execution_id = $1 AND c.command_id = $2 AND e.execution_id = c.execution_id
    AND (c.state = 'pending' OR (c.state = 'leased' AND (c.lease_until < now() OR c.worker_id = $3)))
  RETURNING c.lane, c.step, c.event_id, c.loop_id, c.from_index, c.to_index, c.context, c.attempt, c.catalog_id,
    c.progress, l.failed AS loop_failed, l.ctx, l.state AS loop_state, e.end_time IS NOT NULL AS ended`;

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
  if (row.ended) return { kind: 'gone', reason: 'its execution has ended' };
  const { attempt, catalog_id, progress } = row;
  const loop_failed = row.loop_failed ?? 0;
  const command = commandOf(claim, row);
  return { kind: 'claimed', attempt, catalog_id, command, ctx: row.ctx ?? {}, progress, loop_failed };
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
  const { rows } = await sql<{ state: CommandState; wait_ms: number | null }>`
    SELECT state, (extract(epoch FROM lease_until - now()) * 1000)::float8 AS wait_ms
    FROM noetl.command WHERE execution_id = ${execution_id} AND command_id = ${command_id}`.execute(store.db);
  const [row] = rows;
  if (!row) return { kind: 'gone', reason: 'Postgres does not know it' };
  if (row.state === 'leased') return { kind: 'busy', retry_ms: Math.max(50, Math.ceil(row.wait_ms ?? 0)) };
  return { kind: 'gone', reason: `it is ${row.state}` };
}

/** Extends leases; returns the commands that are still this worker's and still wanted. */
export async function heartbeat(
  store: Store,
  commands: readonly CommandKey[],
  workerId: string,
  leaseMs: number,
): Promise<CommandKey[]> {
  const executions = commands.map((command) => command.execution_id);
  const ids = commands.map((command) => command.command_id);
  const { rows } = await sql<CommandKey>`
    UPDATE noetl.command AS c SET lease_until = now() + ${leaseMs} * interval '1 ms'
    FROM unnest(${executions}::bigint[], ${ids}::bigint[]) AS k (execution_id, command_id), noetl.execution AS e
    WHERE c.execution_id = k.execution_id AND c.command_id = k.command_id AND e.execution_id = k.execution_id
      AND c.state = 'leased' AND c.worker_id = ${workerId} AND e.end_time IS NULL
    RETURNING c.execution_id, c.command_id`.execute(store.db);
  return rows;
}

/**
 * Commands to publish again: pending for `older_than_ms` without a claim, or with a lease that has run out. Each is
 * given to one caller, and not again for as long.
 */
export async function staleCommands(
  store: Store,
  { older_than_ms, limit }: { older_than_ms: number; limit: number },
): Promise<(CommandNotice & { attempt: number })[]> {
  const { rows } = await sql<CommandNotice & { attempt: number }>`
    WITH stale AS (
      SELECT execution_id, command_id FROM noetl.command
      WHERE state IN ('pending', 'leased') AND available_at < now() - ${older_than_ms} * interval '1 ms'
        AND (state = 'pending' OR lease_until < now())
      ORDER BY available_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
    )
    UPDATE noetl.command AS c SET available_at = now() FROM stale AS s
    WHERE c.execution_id = s.execution_id AND c.command_id = s.command_id
    RETURNING c.execution_id, c.command_id, c.lane, c.attempt`.execute(store.db);
  return rows;
}
