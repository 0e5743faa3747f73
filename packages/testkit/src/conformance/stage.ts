/**
 * Everything a conformance run needs around it: PostgreSQL with the databases that credentials name, NATS, the
 * platform, the HTTP mock of the folder, and the credentials themselves.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Platform, startLocalServices, TOOLS } from '@noetl/cli/local';
import { connectBus } from '@noetl/bus';
import pg from 'pg';
import { authEnv, fetchAsAdmin } from '../auth.ts';
import { filled } from './cases.ts';

export interface StageOptions {
  folder: string;
  workers: number;
  /** Credentials to create; those that ship with the runner when absent. */
  credentials?: string;
  python?: string;
  log: (message: string) => void;
}

/** Databases that playbooks write to: `demo_noetl` of most credentials, `noetl` of `test_postgres`. */
const DATABASES = ['demo_noetl', 'noetl'];
/** Ours: the platform's own tables. */
const OWN_DATABASE = 'noetl_platform';
const OWN_ROLE = 'platform';

interface Mock {
  paginatedApi: string;
  webMock: string;
  hits(prefix: string): number | Promise<number>;
  reset(): unknown;
  close(): unknown;
}

export class Stage {
  readonly platform: Platform;
  readonly placeholders: Record<string, string>;
  readonly #mock: Mock | undefined;
  readonly #pools: Map<string, pg.Pool>;
  readonly #end: () => Promise<void>;

  private constructor(parts: {
    platform: Platform;
    placeholders: Record<string, string>;
    mock: Mock | undefined;
    pools: Map<string, pg.Pool>;
    end: () => Promise<void>;
  }) {
    this.platform = parts.platform;
    this.placeholders = parts.placeholders;
    this.#mock = parts.mock;
    this.#pools = parts.pools;
    this.#end = parts.end;
  }

  static async start(options: StageOptions): Promise<Stage> {
    const dir = await mkdtemp(join(tmpdir(), 'noetl-conformance-'));
    const ends: (() => Promise<unknown>)[] = [() => rm(dir, { recursive: true, force: true })];
    const end = async (): Promise<void> => {
      for (const step of ends.splice(0).reverse()) await step();
    };
    try {
      const { log } = options;
      log('Starting PostgreSQL, NATS and the HTTP mock');
      // Never somebody's running database: a run drops and fills tables.
      const services = await startLocalServices({ dir, toolDir: TOOLS, env: {}, log });
      ends.push(() => services.remove());
      const { url, pools } = await makeDatabases(services.databaseUrl);
      const own = { databaseUrl: url, natsUrl: services.natsUrl };
      ends.push(() => Promise.all([...pools.values()].map((pool) => pool.end())));
      await makeBucket(services.natsUrl);
      const mock = await startMock(options.folder);
      if (mock) ends.push(() => Promise.resolve(mock.close()));
      log('Starting API, workers and aggregator');
      const platform = await startProcesses(options, own, dir, mock);
      ends.push(() => platform.stop());
      const placeholders = placeholdersOf(own, platform.url, mock);
      await createCredentials(platform.url, options.credentials, placeholders);
      return new Stage({ platform, placeholders, mock, pools, end });
    } catch (error) {
      await end();
      throw error;
    }
  }

  get hasMock(): boolean {
    return this.#mock !== undefined;
  }

  async resetMock(): Promise<void> {
    await this.#mock?.reset();
  }

  async hits(prefix: string): Promise<number> {
    return (await this.#mock?.hits(prefix)) ?? 0;
  }

  /** `platform` is the server's own database. */
  sql<T extends pg.QueryResultRow>(database: string, text: string, values: unknown[] = []) {
    const pool = this.#pools.get(database === 'platform' ? OWN_DATABASE : database);
    if (!pool) throw new Error(`there is no database "${database}" in this run`);
    return pool.query<T>(text, values).then((result) => result.rows);
  }

  stop(): Promise<void> {
    return this.#end();
  }
}

/**
 * Databases, and the accounts that playbooks have written into their code: `demo` and `noetl`, each with its name as
 * password. The cluster is ours alone and ends with the run; the platform gets an account of its own.
 */
async function makeDatabases(adminUrl: string): Promise<{ url: string; pools: Map<string, pg.Pool> }> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  const url = new URL(adminUrl);
  url.username = OWN_ROLE;
  try {
    const { rows } = await admin.query<{ datname: string }>('SELECT datname FROM pg_database');
    const missing = [...DATABASES, OWN_DATABASE].filter((name) => !rows.some((row) => row.datname === name));
    for (const name of missing) await admin.query(`CREATE DATABASE ${name}`);
    const password = pg.escapeLiteral(decodeURIComponent(url.password));
    await admin.query(`CREATE ROLE ${OWN_ROLE} SUPERUSER LOGIN PASSWORD ${password}`);
    await admin.query(`CREATE ROLE demo SUPERUSER LOGIN PASSWORD 'demo'`);
    await admin.query(`ALTER ROLE noetl PASSWORD 'noetl'`);
  } finally {
    await admin.end();
  }
  const pools = new Map(
    [...DATABASES, OWN_DATABASE].map((name) => {
      const pool = new pg.Pool({ connectionString: databaseUrl(url.href, name), max: 2 });
      pool.on('error', () => undefined);
      return [name, pool];
    }),
  );
  return { url: url.href, pools };
}

function databaseUrl(adminUrl: string, name: string): string {
  return adminUrl.replace(/\/[^/]*$/, `/${name}`);
}

/** The K/V bucket that fixtures expect to be there. */
async function makeBucket(url: string): Promise<void> {
  const bus = await connectBus({ url, name: 'conformance' });
  await bus.jetstream.views.kv('sessions');
  await bus.close();
}

/** `mock.mjs` of the folder, where it has one. */
async function startMock(folder: string): Promise<Mock | undefined> {
  const file = resolve(folder, 'mock.mjs');
  if (!existsSync(file)) return undefined;
  const module = (await import(pathToFileURL(file).href)) as {
    startMock(options: { port: number; webPort: number }): Promise<Mock>;
  };
  return module.startMock({ port: 0, webPort: 0 });
}

/** Hosts that playbooks hard-code; requests of the http tool to them go to the mock. */
const MOCKED_HOSTS = [
  'httpbin.org',
  'api.open-meteo.com',
  'jsonplaceholder.typicode.com',
  'api.example.com',
  'api.github.com',
  'en.wikipedia.org',
  'raw.githubusercontent.com',
];

async function startProcesses(
  options: StageOptions,
  services: { databaseUrl: string; natsUrl: string },
  dir: string,
  mock: Mock | undefined,
) {
  const hosts = mock
    ? [
        ...MOCKED_HOSTS.flatMap((host) => [
          `https://${host}=${mock.webMock}`,
          `http://${host}=${mock.webMock}`,
        ]),
        `http://paginated-api.test-server.svc.cluster.local:5555=${mock.paginatedApi}`,
      ].join(',')
    : '';
  const environment = {
    NOETL_LOG_FORMAT: 'json',
    ...authEnv(),
    NOETL_HTTP_HOSTS: hosts,
    NOETL_SQL_ENDPOINT: 'on',
    NOETL_SCRIPTS_DIR: options.folder,
    ...(options.python !== undefined && { NOETL_PYTHON: options.python }),
  };
  const platform = await Platform.start({
    databaseUrl: databaseUrl(services.databaseUrl, OWN_DATABASE),
    natsUrl: services.natsUrl,
    own: { database: true, nats: true },
    workers: options.workers,
    logDir: join(dir, 'logs'),
    env: environment,
  });
  return platform;
}

function placeholdersOf(
  services: { databaseUrl: string; natsUrl: string },
  server: string,
  mock: Mock | undefined,
): Record<string, string> {
  const database = new URL(services.databaseUrl);
  const nats = new URL(services.natsUrl);
  return {
    $SERVER: server,
    $PGHOST: database.hostname,
    $PGPORT: database.port,
    $PGUSER: decodeURIComponent(database.username),
    $PGPASSWORD: decodeURIComponent(database.password),
    $PGDATABASE: OWN_DATABASE,
    $NATS: `nats://${nats.host}`,
    $NATSUSER: decodeURIComponent(nats.username),
    $NATSPASSWORD: decodeURIComponent(nats.password),
    ...(mock && {
      $PAGINATED_API: mock.paginatedApi,
      $WEB_MOCK: mock.webMock,
      $WEB_MOCK_HOSTPORT: new URL(mock.webMock).host,
    }),
  };
}

async function createCredentials(
  url: string,
  file: string | undefined,
  placeholders: Record<string, string>,
): Promise<void> {
  const source = file ?? new URL('../../conformance/credentials.json', import.meta.url);
  const credentials = filled(JSON.parse(await readFile(source, 'utf8')) as unknown[], placeholders);
  for (const credential of credentials) {
    const response = await fetchAsAdmin(`${url}/api/credentials`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(credential),
    });
    if (!response.ok) throw new Error(`a credential was refused: ${await response.text()}`);
  }
}
