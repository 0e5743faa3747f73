/** `noetl migrate` as an owner who is no superuser: logins of least privilege, and what becomes of who may make none. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startOwnPostgres } from '@noetl/testkit';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const PASSWORDS = {
  NOETL_DB_API_PASSWORD: 'of-the-api',
  NOETL_DB_WORKER_PASSWORD: "of-the-worker's",
  NOETL_DB_READER_PASSWORD: 'of-a-reader',
};
const DENIED = '42501';

// Of its own: logins belong to a server, and other tests have theirs on the shared one.
let postgres: Awaited<ReturnType<typeof startOwnPostgres>>;

beforeAll(async () => {
  postgres = await startOwnPostgres();
});

afterAll(async () => {
  await postgres.remove();
});

/** A database with an owner of its own; the owner's URL. */
async function database(may: 'CREATEROLE' | 'NOCREATEROLE'): Promise<string> {
  const name = `owned_${randomBytes(4).toString('hex')}`;
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query(`CREATE ROLE ${name} LOGIN ${may} PASSWORD 'owner'`);
  await admin.query(`CREATE DATABASE ${name} OWNER ${name} TEMPLATE template0`);
  await admin.end();
  return as(postgres.url, name, 'owner', name);
}

function as(url: string, user: string, password: string, path?: string): string {
  const login = new URL(url);
  login.username = user;
  login.password = encodeURIComponent(password);
  if (path !== undefined) login.pathname = path;
  return login.href;
}

async function migrate(url: string, env: Record<string, string>): Promise<{ code: number; out: string }> {
  const { NODE_OPTIONS: _, ...rest } = process.env;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'migrate', '--json'], {
      env: { ...rest, DATABASE_URL: url, ...env },
    });
    return { code: 0, out: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout + stderr };
  }
}

async function told(url: string, statement: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.query(statement);
    return 'done';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    await client.end();
  }
}

test('logins are made, and may do what their kind of process does', async () => {
  const owner = await database('CREATEROLE');
  // No superuser before us has made the roles: the owner has, and may give them to others.
  for (const _ of ['first', 'again']) {
    const { code, out } = await migrate(owner, PASSWORDS);
    expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({
      code: 0,
      roles: true,
      logins: ['noetl_api_login', 'noetl_worker_login', 'noetl_reader_login'],
    });
  }
  const api = as(owner, 'noetl_api_login', PASSWORDS.NOETL_DB_API_PASSWORD);
  const worker = as(owner, 'noetl_worker_login', PASSWORDS.NOETL_DB_WORKER_PASSWORD);
  const reader = as(owner, 'noetl_reader_login', PASSWORDS.NOETL_DB_READER_PASSWORD);
  expect(await told(api, 'DELETE FROM noetl.schedule')).toBe('done');
  expect(await told(worker, 'SELECT 1 FROM noetl.command')).toBe('done');
  expect(await told(worker, 'DELETE FROM noetl.schedule')).toBe(DENIED);
  expect(await told(worker, 'DELETE FROM noetl.event')).toBe(DENIED);
  expect(await told(reader, 'SELECT 1 FROM noetl.execution')).toBe('done');
  expect(await told(reader, 'SELECT 1 FROM noetl.credential')).toBe(DENIED);
  expect(await told(as(owner, 'noetl_aggregator_login', 'x'), 'SELECT 1')).not.toBe('done');
});

test('an owner who may make no roles is told what to do, and still has a schema', async () => {
  await dropRoles();
  const owner = await database('NOCREATEROLE');
  const { code, out } = await migrate(owner, PASSWORDS);
  expect(code).toBe(2);
  expect(out).toContain('CREATEROLE');
  expect(JSON.parse((await migrate(owner, {})).out)).toMatchObject({ applied: [], roles: false, logins: [] });
});

/** As on a server that has not seen us yet. */
async function dropRoles(): Promise<void> {
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  const { rows } = await admin.query<{ name: string }>(
    "SELECT datname AS name FROM pg_database WHERE datname LIKE 'owned%'",
  );
  for (const { name } of rows) await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
  for (const role of ['api', 'worker', 'aggregator', 'reader'])
    for (const name of [`noetl_${role}_login`, `noetl_${role}`])
      await admin.query(`DROP ROLE IF EXISTS ${name}`);
  await admin.end();
}
