/** Connection pools of the databases that playbooks name: one a credential, bounded, ended when long unused. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { JsonObject } from '@noetl/protocol';
import pg from 'pg';
import { numberSetting } from '../settings.ts';
import { connectionOf } from './connection.ts';

const POOLS_MAX = 32;
const CONNECTIONS_MAX = 10;
const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_MS = 30_000;
/** The server ends a statement so long after we should have: then the worker is gone, or cannot reach it. */
const STATEMENT_LEEWAY_MS = 10_000;
/** A transaction that was begun and left holds locks: nobody needs one open while nothing runs. */
const IDLE_IN_TRANSACTION_MS = 60_000;
/** Time-outs are rounded up to these steps: each one is a pool of its own. */
const STATEMENT_STEP_MS = 60_000;

export class PostgresPools {
  readonly #pools = new LRUCache<string, pg.Pool>({
    max: POOLS_MAX,
    // Statements in flight keep their connection; the pool ends when they have given it back.
    dispose: (pool) => void end(pool),
  });

  /** `sizes`: the tool's `pool` mapping; `timeoutMs`: how long the call may take. */
  pool(credential: JsonObject, sizes: JsonObject, timeoutMs: number): pg.Pool {
    const connection = connectionOf(credential);
    const config = {
      ...connection,
      ...sizesOf(sizes),
      statement_timeout: Math.ceil(timeoutMs / STATEMENT_STEP_MS) * STATEMENT_STEP_MS + STATEMENT_LEEWAY_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    };
    const key = createHash('sha256')
      .update(JSON.stringify([credential, config]))
      .digest('hex');
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
