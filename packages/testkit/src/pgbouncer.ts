/** PgBouncer in transaction mode before a test database, where this machine has one. */
import { execFileSync } from 'node:child_process';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, freePort, serverAccount } from '@noetl/cli/local';
import pg from 'pg';
import { endWithRun } from './run-folder.ts';
import { waitFor } from './wait.ts';

const PLACES = [
  'pgbouncer',
  '/usr/sbin/pgbouncer',
  '/usr/local/bin/pgbouncer',
  '/opt/homebrew/bin/pgbouncer',
];

export interface PgBouncerProgram {
  path: string;
  /** Whether sessions behind it can have prepared statements: from 1.21 on. */
  prepared: boolean;
}

/** Undefined where none is installed. */
export function findPgBouncer(): PgBouncerProgram | undefined {
  for (const path of PLACES) {
    try {
      const text = execFileSync(path, ['--version'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const [, major = '0', minor = '0'] = /PgBouncer (\d+)\.(\d+)/.exec(text) ?? [];
      return { path, prepared: Number(major) > 1 || Number(minor) >= 21 };
    } catch {
      // Not there: look further.
    }
  }
  return undefined;
}

export interface PgBouncer {
  /** The same login and database, through the pooler. */
  through(url: string): string;
  stop(): Promise<void>;
}

/** `urls`: the logins that may come through, all of one server. `connections`: to the server, for each login. */
export async function startPgBouncer(
  { path, prepared }: PgBouncerProgram,
  urls: readonly string[],
  { connections }: { connections: number },
): Promise<PgBouncer> {
  const dir = await mkdtemp(join(tmpdir(), 'noetl-pgbouncer-'));
  const port = await freePort();
  const server = new URL(urls[0] as string);
  const users = urls.map((url) => {
    const { username, password } = new URL(url);
    return `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"`;
  });
  await writeFile(join(dir, 'users.txt'), `${users.join('\n')}\n`, { mode: 0o600 });
  const settings = `[databases]
* = host=${server.hostname} port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${String(port)}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(dir, 'users.txt')}
pool_mode = transaction
default_pool_size = ${String(connections)}
max_client_conn = 500
ignore_startup_parameters = extra_float_digits,options
${prepared ? 'max_prepared_statements = 400\n' : ''}`;
  await writeFile(join(dir, 'pgbouncer.ini'), settings, { mode: 0o600 });
  // It refuses to run as root, as PostgreSQL does.
  const account = serverAccount();
  if (account)
    for (const file of ['', 'users.txt', 'pgbouncer.ini'])
      await chown(join(dir, file), account.uid, account.gid);
  const child = await Child.start({
    command: path,
    args: [join(dir, 'pgbouncer.ini')],
    logFile: join(dir, 'pgbouncer.log'),
    account,
  });
  const forget = endWithRun(child.pid);
  const through = (url: string): string => {
    const own = new URL(url);
    own.host = `127.0.0.1:${String(port)}`;
    return own.href;
  };
  await waitFor(() => answers(through(urls[0] as string)), { what: `PgBouncer:\n${child.logTail()}` });
  return {
    through,
    stop: async () => {
      await child.stop('SIGINT', 'SIGKILL', 2_000);
      forget();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}
