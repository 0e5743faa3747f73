/** Named limits of calls, their permits, and commands that are put off until there may be one. */
import { sql, type Selectable } from 'kysely';
import type { CommandKey } from './command.ts';
import type { Store } from './database.ts';
import type { Database } from './tables.ts';

export type FlowLimitRow = Selectable<Database['flow_limit']>;

export interface FlowLimit {
  key: string;
  /** Calls at once. */
  max_concurrent: number | null;
  /** Calls a second. */
  rate: number | null;
  /** Calls that may come at once after a silence; with `rate`. */
  burst: number | null;
}

/** A limit as people look at it: with what happens under it now. */
export type FlowLimitUse = FlowLimit & { running: number; waiting: number; paused_until: Date | null };

/** Sets a limit, or changes it while it is in use: a pause ends, permits given stay given. */
export async function saveFlowLimit(store: Store, limit: FlowLimit): Promise<void> {
  const { key, max_concurrent, rate, burst } = limit;
  await sql`
    INSERT INTO noetl.flow_limit AS l (key, max_concurrent, rate, burst, tokens)
    VALUES (${key}, ${max_concurrent}, ${rate}, ${burst}::float8, ${burst}::float8)
    ON CONFLICT (key) DO UPDATE SET max_concurrent = excluded.max_concurrent, rate = excluded.rate,
      burst = excluded.burst, paused_until = NULL, updated_at = now(), refilled_at = now(),
      tokens = least(excluded.burst, coalesce(l.tokens + l.rate * extract(epoch FROM now() - l.refilled_at), excluded.burst))`.execute(
    store.db,
  );
}

/** False when there is no such limit. */
export async function deleteFlowLimit(store: Store, key: string): Promise<boolean> {
  const { numDeletedRows } = await store.db
    .deleteFrom('flow_limit')
    .where('key', '=', key)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Of one key, or of all. */
export async function flowLimitsInUse(store: Store, key?: string): Promise<FlowLimitUse[]> {
  const { rows } = await sql<FlowLimitUse>`
    SELECT l.key, l.max_concurrent, l.rate, l.burst,
      coalesce(sum(u.held) FILTER (WHERE u.lease_until > now()), 0)::int AS running,
      coalesce(sum(u.waiting) FILTER (WHERE u.waiting_until > now()), 0)::int AS waiting,
      CASE WHEN l.paused_until > now() THEN l.paused_until END AS paused_until
    FROM noetl.flow_limit AS l LEFT JOIN noetl.flow_user AS u USING (key)
    WHERE l.key = coalesce(${key ?? null}, l.key)
    GROUP BY l.key ORDER BY l.key`.execute(store.db);
  return rows;
}

/** What workers have to know to leave calls alone that nothing limits. */
export function flowLimitKeys(store: Store): Promise<Pick<FlowLimitRow, 'key' | 'max_concurrent'>[]> {
  return store.db.selectFrom('flow_limit').select(['key', 'max_concurrent']).execute();
}

export interface PermitRequest {
  keys: string[];
  /** Calls that this worker has running under each of the keys. */
  held: number[];
  /** Further calls, each under all keys. */
  wanted: number;
  worker_id: string;
  /** After so long without word from the worker its calls count no more. */
  lease_ms: number;
}

export interface Permits {
  granted: number;
  /** Until a further one is possible at all; 0 when it depends on others. */
  wait_ms: number;
  /** Keys that other workers wait for and may have now. */
  wake: string[];
}

export async function takePermits(store: Store, request: PermitRequest): Promise<Permits> {
  const { keys, held, wanted, worker_id, lease_ms } = request;
  const { rows } = await store.pool.query<Permits>({
    name: 'take-permits',
    text: 'SELECT granted, wait_ms, wake FROM noetl.take_permits($1, $2, $3, $4, $5)',
    values: [keys, held, wanted, worker_id, lease_ms],
  });
  return rows[0] as Permits;
}

/** Nothing starts under these keys for so long. */
export async function pauseFlow(store: Store, keys: string[], ms: number): Promise<void> {
  await sql`
    UPDATE noetl.flow_limit SET paused_until = greatest(paused_until, now() + ${ms} * interval '1 ms')
    WHERE key = ANY (${keys})`.execute(store.db);
}

/** Gives up what a worker that leaves holds. */
export async function endFlowUse(store: Store, workerId: string): Promise<void> {
  await store.db.deleteFrom('flow_user').where('worker_id', '=', workerId).execute();
}

/** Puts a command aside, nothing of it done; the relay publishes it again after `after_ms`. */
export async function postponeCommand(
  store: Store,
  { execution_id, command_id, worker_id, after_ms }: CommandKey & { worker_id: string; after_ms: number },
): Promise<void> {
  await sql`
    UPDATE noetl.command SET state = 'waiting', lease_until = NULL, wake_at = now() + ${after_ms} * interval '1 ms'
    WHERE execution_id = ${execution_id} AND command_id = ${command_id} AND state = 'leased'
      AND worker_id = ${worker_id}`.execute(store.db);
}
