/** What a scenario measures on: PostgreSQL and NATS of its own, and when asked for the whole product on top. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type LocalNats, Platform, startLocalNats, startLocalPostgres, TOOLS } from '@noetl/cli/local';
import { Client, type Target } from '@noetl/cli';
import pg from 'pg';
import type { RunOptions } from './scenario.ts';

export interface Services {
  databaseUrl: string;
  natsUrl: string;
  /** Process ids by name. */
  pids: Record<string, number>;
  /** HTTP monitoring of nats-server. */
  monitorUrl: string;
  stop: () => Promise<void>;
}

export interface Stage extends Services, Target {
  platform: Platform;
  client: Client;
  db: pg.Pool;
}

/** What keeps others out; absent: what `noetl dev` has. */
export type Guards = 'none' | 'all';

export interface StageOptions {
  workers: number;
  guards?: Guards;
  env?: Record<string, string>;
}

/** Empty throwaway servers; nobody's running database, whatever the environment says. */
export async function startServices(
  { dir, progress, atEnd }: RunOptions,
  { open = false } = {},
): Promise<Services> {
  progress('starting PostgreSQL and NATS');
  const started: Pick<LocalNats, 'remove'>[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.remove()));
  };
  atEnd(stop);
  const postgres = await startLocalPostgres({ dir: join(dir, 'postgres') });
  started.push(postgres);
  const nats = await startLocalNats({ dir: join(dir, 'nats'), toolDir: TOOLS, open });
  started.push(nats);
  return {
    databaseUrl: postgres.url,
    natsUrl: nats.url,
    monitorUrl: nats.monitorUrl,
    pids: { postgres: postgres.pid, 'nats-server': nats.pid },
    stop,
  };
}

/** Runs `work` on a whole NoETL with nothing in it; stops everything afterwards, however it went. */
export async function onStage<T>(
  options: RunOptions,
  { workers, env, guards }: StageOptions,
  work: (stage: Stage) => Promise<T>,
): Promise<T> {
  const own = guards !== 'none';
  const services = await startServices(options, { open: !own });
  const token = guards === 'all' ? randomUUID() : undefined;
  const { databaseUrl, natsUrl } = services;
  let platform: Platform | undefined;
  let db: pg.Pool | undefined;
  const stop = async (): Promise<void> => {
    await db?.end();
    await platform?.stop();
    await services.stop();
  };
  try {
    options.progress(`starting api, ${String(workers)} workers and aggregator`);
    platform = await Platform.start({
      databaseUrl,
      natsUrl,
      own: { database: own, nats: own },
      workers,
      logDir: join(options.dir, 'logs'),
      env: { NOETL_LOG_LEVEL: 'warn', NOETL_LOG_FORMAT: 'json', ...guarding(guards, token), ...env },
    });
    const running = platform;
    options.atEnd(() => running.stop());
    db = new pg.Pool({ connectionString: databaseUrl, max: 2 });
    db.on('error', () => undefined);
    return await work({
      ...services,
      url: platform.url,
      ...(token !== undefined && { token }),
      platform,
      db,
      client: new Client(platform.url, token),
    });
  } finally {
    await stop();
  }
}

/** What makes a sandbox possible. */
const BWRAP = '/usr/bin/bwrap';

function guarding(guards: Guards | undefined, token = ''): Record<string, string> {
  if (guards === 'none') return { NOETL_AUTH: 'off', NOETL_ISOLATION: 'process', NOETL_RUNNER_UIDS: 'off' };
  if (guards !== 'all') return {};
  return {
    NOETL_AUTH: 'on',
    NOETL_ADMIN_TOKEN: token,
    ...(existsSync(BWRAP)
      ? { NOETL_ISOLATION: 'sandbox', NOETL_ISOLATION_NETWORK: 'off' }
      : { NOETL_ISOLATION: 'process' }),
    NOETL_RUNNER_UIDS: 'auto',
    NOETL_TOOLS_ALLOWED: '',
  };
}

const KEPT = ['catalog', 'runtime', 'kysely_migration', 'kysely_migration_lock'];

const DEADLOCK = '40P01';
const TRUNCATE_TRIES = 10;

/** Empties the tables of what has run, so that no measurement pays for the one before. */
export async function clean(db: pg.Pool): Promise<void> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = 'noetl' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> ALL ($1)`,
    [KEPT],
  );
  await truncate(db, rows.map((table) => table.name).join(', '));
  await db.query('CHECKPOINT');
}

/** The platform's sweeps read the same tables meanwhile: whoever Postgres picks to end a deadlock tries again. */
async function truncate(db: pg.Pool, tables: string, tries = TRUNCATE_TRIES): Promise<void> {
  try {
    await db.query(`TRUNCATE ${tables} CASCADE`);
  } catch (error) {
    if ((error as { code?: unknown }).code !== DEADLOCK || tries <= 1) throw error;
    await truncate(db, tables, tries - 1);
  }
}
