/**
 * Real PostgreSQL for tests: one throwaway cluster per jest run, started by whoever needs it first; every caller gets
 * a database of its own, cloned from a migrated template.
 */
import { join } from 'node:path';
import { type LocalPostgres, startLocalPostgres } from '@noetl/cli/local';
import pg from 'pg';
import { endWithRun, oncePerRun, runFolder, uniqueName } from './run-folder.ts';

export interface TestPostgres {
  url: string;
  /** Drops the database, whoever is connected. */
  stop(): Promise<void>;
}

const TEMPLATE = 'noetl_template';
const BUSY = '55006';

/** A fresh database; with `empty`, without our tables. */
export async function startTestPostgres(options: { empty?: boolean } = {}): Promise<TestPostgres> {
  const admin = await oncePerRun('postgres', startCluster);
  if (options.empty !== true) await oncePerRun('template', () => makeTemplate(admin));
  const name = uniqueName('test');
  await create(admin, name, options.empty === true ? 'template0' : TEMPLATE);
  return {
    url: databaseUrl(admin, name),
    stop: () => execute(admin, `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`),
  };
}

/** A cluster of one's own, empty, for tests that kill or restart the server. `again()` starts it on the same data. */
export async function startOwnPostgres(): Promise<LocalPostgres & { again(): Promise<LocalPostgres> }> {
  const dir = join(runFolder(), uniqueName('cluster'));
  const start = async (port?: number): Promise<LocalPostgres> => {
    const server = await startLocalPostgres({ dir, ...(port !== undefined && { port }) });
    const forget = endWithRun(server.pid);
    const after = (end: () => Promise<void>) => async () => {
      await end();
      forget();
    };
    return { ...server, stop: after(server.stop), kill: after(server.kill), remove: after(server.remove) };
  };
  const first = await start();
  return { ...first, again: () => start(first.port) };
}

async function startCluster(): Promise<string> {
  const server = await startLocalPostgres({ dir: join(runFolder(), 'postgres') });
  endWithRun(server.pid);
  return server.url;
}

async function makeTemplate(admin: string): Promise<boolean> {
  // Loaded only here: packages below `store` use this module, too.
  const { connectStore, migrate } = await import('@noetl/store');
  await create(admin, TEMPLATE, 'template0');
  const store = connectStore({
    url: databaseUrl(admin, TEMPLATE),
    maxConnections: 2,
    applicationName: 'testkit',
    onError: () => undefined,
  });
  try {
    await migrate(store);
  } finally {
    await store.close();
  }
  return true;
}

async function create(admin: string, name: string, template: string): Promise<void> {
  const sql = `CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE ${pg.escapeIdentifier(template)}`;
  for (let attempt = 1; ; attempt++) {
    try {
      await execute(admin, sql);
      return;
    } catch (error) {
      // The connection that filled the template may take a moment to go away.
      if ((error as { code?: string }).code !== BUSY || attempt === 50) throw error;
    }
  }
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function databaseUrl(admin: string, name: string): string {
  return admin.replace(/\/[^/]*$/, `/${name}`);
}
