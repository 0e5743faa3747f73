/** Connection pools of the databases that playbooks name: one a credential, bounded, ended when long unused. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { NoetlError, type JsonObject } from '@noetl/protocol';
import pg from 'pg';
import { field } from '../auth.ts';
import { numberSetting } from '../settings.ts';

const POOLS_MAX = 32;
const CONNECTIONS_MAX = 10;
const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_MS = 30_000;

export class PostgresPools {
  readonly #pools = new LRUCache<string, pg.Pool>({
    max: POOLS_MAX,
    // Statements in flight keep their connection; the pool ends when they have given it back.
    dispose: (pool) => void end(pool),
  });

  /** `sizes`: the tool's `pool` mapping. */
  pool(credential: JsonObject, sizes: JsonObject): pg.Pool {
    const config = { ...connectionOf(credential), ...sizesOf(sizes) };
    const key = createHash('sha256').update(JSON.stringify(config)).digest('hex');
    const known = this.#pools.get(key);
    if (known) return known;
    const pool = new pg.Pool({
      ...config,
      application_name: 'noetl-postgres-tool',
    });
    // A connection that breaks while idle is replaced; who uses one that breaks gets the error.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => client.on('error', () => undefined));
    this.#pools.set(key, pool);
    return pool;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(end));
    this.#pools.clear();
  }
}

/** Once: a pool that is forgotten while it ends is left alone. */
async function end(pool: pg.Pool): Promise<void> {
  if (!pool.ending) await pool.end();
}

function connectionOf(data: JsonObject): pg.PoolConfig {
  const connectionString = field(data, 'dsn', 'url', 'connection_string');
  if (connectionString !== undefined) return { connectionString };
  const host = field(data, 'db_host', 'host', 'hostname');
  if (host === undefined) {
    throw new NoetlError('TOOL_CONFIG', 'the postgres credential has no `db_host`', {
      hint: 'Its data needs db_host, db_port, db_user, db_password and db_name.',
    });
  }
  const password = field(data, 'db_password', 'password');
  const sslmode = field(data, 'sslmode', 'ssl_mode') ?? 'disable';
  return {
    host,
    port: Number(field(data, 'db_port', 'port') ?? 5432),
    user: field(data, 'db_user', 'user', 'username') ?? 'postgres',
    database: field(data, 'db_name', 'database', 'dbname') ?? 'postgres',
    ...(password !== undefined && { password }),
    ...(['require', 'prefer'].includes(sslmode) && { ssl: { rejectUnauthorized: false } }),
    ...(sslmode.startsWith('verify') && { ssl: true }),
  };
}

function sizesOf(sizes: JsonObject): pg.PoolConfig {
  const seconds = (...names: string[]): number | undefined => {
    const value = numberSetting(sizes, ...names);
    return value === undefined ? undefined : value * 1000;
  };
  const life = numberSetting(sizes, 'max_lifetime');
  return {
    max: Math.max(1, numberSetting(sizes, 'max_size') ?? CONNECTIONS_MAX),
    connectionTimeoutMillis: seconds('timeout') ?? CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: seconds('max_idle') ?? IDLE_MS,
    ...(life !== undefined && { maxLifetimeSeconds: life }),
  };
}
