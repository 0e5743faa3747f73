/** For tests: executions of any age with rows in every table that knows executions, on real Postgres and NATS. */
import { connectBus, ensureLoopState, ensureTopology, loopKey, readLoopState, type Bus } from '@noetl/bus';
import { snowflakes, type Id } from '@noetl/protocol';
import { createLog } from '@noetl/service';
import { connectStore, registerResource, type Store } from '@noetl/store';
import {
  maintain,
  type MaintenanceDeps,
  type MaintenanceOptions,
  type MaintenanceReport,
} from './maintenance.ts';

export const DAY_MS = 86_400_000;

export interface Seed {
  /** How long ago it was started, and ended; without an end it runs. */
  startedDays: number;
  endedDays?: number;
  parent?: Id;
  root?: Id;
  events?: number;
}

/** $1 execution, $2 catalog entry; a row in every table that has a column `execution_id`, but for two. */
const ROWS = [
  `INSERT INTO noetl.command (execution_id, command_id, catalog_id, lane, step, state) VALUES ($1, 1, $2, 'step', 's', 'done')`,
  `INSERT INTO noetl.loop (execution_id, loop_id, catalog_id, step, base_event_id, size, iterator, mode, on_error,
    collection, context, state) VALUES ($1, 7, $2, 'each item', 100, 1, 'item', 'parallel', 'fail', '{}', '{}', 'done')`,
  `INSERT INTO noetl.collection_page (execution_id, list_id, page_index, from_index, count, items)
    SELECT $1, 1, 0, 0, 1, '[]' WHERE $2 > 0`,
  `INSERT INTO noetl.redrive_page (execution_id, list_id, from_position, indexes) SELECT $1, 1, 0, '{0}' WHERE $2 > 0`,
  `INSERT INTO noetl.value (execution_id, value_id, content) SELECT $1, 1, '{}' WHERE $2 > 0`,
  `INSERT INTO noetl.webhook_delivery (execution_id, url, state) SELECT $1, 'http://localhost', 'delivered' WHERE $2 > 0`,
];

export class MaintenanceFixture {
  readonly store: Store;
  readonly deps: MaintenanceDeps;
  private readonly bus: Bus;
  private readonly catalogId: Id;
  private last = 0;

  private constructor(store: Store, bus: Bus, catalogId: Id) {
    this.store = store;
    this.bus = bus;
    this.catalogId = catalogId;
    this.deps = {
      store,
      bus,
      nowMs: Date.now,
      log: createLog({ level: 'error', format: 'json', name: 'test' }),
    };
  }

  static async connect(postgresUrl: string, natsUrl: string): Promise<MaintenanceFixture> {
    const store = connectStore({
      url: postgresUrl,
      maxConnections: 8,
      applicationName: 'test',
      onError: () => undefined,
    });
    const bus = await connectBus({ url: natsUrl, name: 'test' });
    await ensureTopology(bus);
    const entry = { catalog_id: '1', path: 'p', kind: 'Playbook', content: 'x' };
    const { catalog_id } = await registerResource(store, entry);
    return new MaintenanceFixture(store, bus, catalog_id);
  }

  /** Of the kind that a process has whose connection is gone for good. */
  async withoutNats(natsUrl: string): Promise<MaintenanceDeps> {
    const bus = await connectBus({ url: natsUrl, name: 'gone' });
    await bus.close();
    return { ...this.deps, bus };
  }

  async close(): Promise<void> {
    await this.bus.close();
    await this.store.close();
  }

  /** Deletes all executions; partitions stay. */
  async clear(): Promise<void> {
    await this.store.pool.query('TRUNCATE noetl.execution, noetl.event, noetl.schedule CASCADE');
  }

  maintain(retentionDays: number, options: MaintenanceOptions = {}): Promise<MaintenanceReport> {
    return maintain(this.deps, { retentionDays, ...options });
  }

  /** Stores an execution with rows everywhere, and a loop count in K/V. */
  async seed({ startedDays, endedDays, parent, root, events = 3 }: Seed): Promise<Id> {
    // Some milliseconds apart, so that ids differ.
    const id = snowflakes(0, () => Date.now() - startedDays * DAY_MS + (this.last += 1))();
    const { pool } = this.store;
    await pool.query(
      `INSERT INTO noetl.execution (execution_id, catalog_id, path, version, status, payload, idempotency_key,
        parent_execution_id, root_execution_id, start_time, end_time)
       VALUES ($1, $2, 'p', 1, $3, '{}', $4, $5, $6, now() - $7 * interval '1 day', now() - $8 * interval '1 day')`,
      [
        ...[id, this.catalogId, endedDays === undefined ? 'RUNNING' : 'COMPLETED', `key-${id}`],
        ...[parent ?? null, root ?? null, startedDays, endedDays ?? null],
      ],
    );
    await pool.query(
      `INSERT INTO noetl.event (execution_id, event_id, event_type, node_name, status)
       SELECT $1, n, 'step.exit', 's', 'COMPLETED' FROM generate_series(1, $2::int) AS n`,
      [id, events],
    );
    for (const text of ROWS) await pool.query(text, [id, this.catalogId]);
    const state = { collection_size: 1, completed_count: 1, iterator: 'item', mode: 'parallel' as const };
    await ensureLoopState(this.bus, this.key(id), { ...state, event_id: '7' });
    return id;
  }

  /** Rows of an execution by table, asked of the database's own catalogue: a new table cannot be forgotten. */
  async rows(id: Id): Promise<Record<string, number>> {
    const { rows: tables } = await this.store.pool.query<{ name: string }>(
      `SELECT c.table_name AS name FROM information_schema.columns AS c
       JOIN information_schema.tables AS t USING (table_schema, table_name)
       WHERE c.table_schema = 'noetl' AND c.column_name = 'execution_id' AND t.table_type = 'BASE TABLE'
         AND c.table_name !~ '^event_' ORDER BY 1`,
    );
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      const { rows } = await this.store.pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM noetl."${name}" WHERE execution_id = $1`,
        [id],
      );
      counts[name] = rows[0]?.n ?? 0;
    }
    return counts;
  }

  /** Rows of an execution, in all tables together. */
  async total(id: Id): Promise<number> {
    return Object.values(await this.rows(id)).reduce((sum, count) => sum + count, 0);
  }

  async hasCount(id: Id): Promise<boolean> {
    return (await readLoopState(this.bus, this.key(id))) !== undefined;
  }

  /** Name of the partition of a day, and whether it is there. */
  async partition(daysAgo: number): Promise<{ name: string; there: boolean }> {
    const name = `event_${new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '_')}`;
    const { rows } = await this.store.pool.query<{ there: boolean }>(
      'SELECT to_regclass($1) IS NOT NULL AS there',
      [`noetl.${name}`],
    );
    return { name, there: rows[0]?.there === true };
  }

  private key(id: Id): string {
    return loopKey(id, 'each item', '7');
  }
}
