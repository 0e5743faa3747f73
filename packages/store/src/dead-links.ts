/**
 * Half-open connections: when packets get lost on the way, the system reports a broken connection after a quarter of an
 * hour only. Postgres ends each statement in time, so a link that stays silent for longer while somebody waits on it is
 * dead, and is given up at once.
 */
import type { Socket } from 'node:net';
import type pg from 'pg';

/** `silentMs`: longer than any statement may run. */
export function giveUpDeadLinks(pool: pg.Pool, silentMs: number): void {
  const inUse = new WeakSet<pg.PoolClient>();
  pool.on('acquire', (client) => inUse.add(client));
  pool.on('release', (_, client) => inUse.delete(client));
  pool.on('connect', (client) => {
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    stream.setTimeout(silentMs, () => {
      if (inUse.has(client)) stream.destroy(new Error(`Postgres was silent for ${String(silentMs)} ms`));
    });
  });
}
