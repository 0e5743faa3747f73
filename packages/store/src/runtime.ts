/** Which processes live: each writes a heartbeat; the pool's capacity is the sum of what beats. */
import { sql } from 'kysely';
import type { JsonObject } from '@noetl/protocol';
import type { Store } from './database.ts';

/** A process that has not beaten for this long does not count. */
const ALIVE_MS = 15_000;

export interface Runtime {
  name: string;
  kind: 'worker_pool' | 'server_api' | 'aggregator';
  /** Chunks this process can run at once; 0 for processes that run none. */
  capacity: number;
  labels: JsonObject;
}

/** Registers a process, or says that it still lives. */
export async function beatRuntime(store: Store, runtime: Runtime): Promise<void> {
  await store.db
    .insertInto('runtime')
    .values({ ...runtime, labels: JSON.stringify(runtime.labels), status: 'running' })
    .onConflict((conflict) =>
      conflict.columns(['kind', 'name']).doUpdateSet({
        status: 'running',
        capacity: runtime.capacity,
        labels: JSON.stringify(runtime.labels),
        heartbeat: sql<Date>`now()`,
      }),
    )
    .execute();
}

export async function endRuntime(
  store: Store,
  { kind, name }: Pick<Runtime, 'kind' | 'name'>,
): Promise<void> {
  await store.db.deleteFrom('runtime').where('kind', '=', kind).where('name', '=', name).execute();
}

/** Chunk slots of all live workers. */
export async function poolCapacity(store: Store): Promise<number> {
  const { rows } = await sql<{ slots: number }>`
    SELECT coalesce(sum(capacity), 0)::int AS slots FROM noetl.runtime
    WHERE kind = 'worker_pool' AND heartbeat > now() - ${ALIVE_MS} * interval '1 ms'`.execute(store.db);
  return rows[0]?.slots ?? 0;
}

export interface LiveRuntime extends Runtime {
  status: string;
  heartbeat: Date;
  created_at: Date;
  /** Commands that it holds. */
  in_flight: number;
  /** Whether it has beaten lately. */
  alive: boolean;
}

/** Processes that have ever beaten and not said goodbye, by kind and name. */
export async function listRuntimes(store: Store, limit = 1_000): Promise<LiveRuntime[]> {
  const { rows } = await sql<LiveRuntime>`
    SELECT name, kind, status, capacity, labels, heartbeat, created_at, coalesce(held.commands, 0) AS in_flight,
      heartbeat > now() - ${ALIVE_MS} * interval '1 ms' AS alive
    FROM noetl.runtime LEFT JOIN (
      SELECT worker_id, count(*)::int AS commands FROM noetl.command
      WHERE state = 'leased' GROUP BY worker_id
    ) AS held ON held.worker_id = name
    ORDER BY kind, name LIMIT ${limit}`.execute(store.db);
  return rows;
}
