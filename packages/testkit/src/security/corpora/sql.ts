/**
 * Attacks on databases: data in items that hopes to become SQL, statements that hope to write through the endpoint
 * that reads, and sessions that hope to outlive their use. What counts is what the database holds afterwards.
 */
import { scopeOf } from '@noetl/playbook';
import type { Context, Json, JsonObject } from '@noetl/protocol';
import { connectStore, readOnlySql, type Store } from '@noetl/store';
import { createToolbox, renderSql, sqlBinding, type Toolbox } from '@noetl/tools';
import pg from 'pg';
import { startTestPostgres } from '../../postgres.ts';
import type { Attack, Corpus, Outcome } from '../corpus.ts';
import { DATA, READS, SESSIONS, STATEMENTS } from './sql-tables.ts';
import { callTool } from './tool-call.ts';

const SECRET = 'only-for-the-owner';

/** The first statements meet all data, the others a share of it each: the whole product would take too long. */
const ALL_DATA = 4;
const SHARES = 5;

interface Stage {
  /** The database that playbooks hold a credential of, as its owner. */
  owner: pg.Client;
  url: string;
  toolbox: Toolbox;
  /** The platform's own. */
  store: Store;
}

export const corpus: Corpus = {
  name: 'sql',
  open: async () => {
    const [own, platform] = await Promise.all([startTestPostgres({ empty: true }), startTestPostgres()]);
    const owner = new pg.Client({ connectionString: own.url });
    await owner.connect();
    await owner.query(`
      CREATE TABLE people (name text, secret boolean);
      INSERT INTO people VALUES ('anna', false), ('${SECRET}', true);
      CREATE TABLE written (value text)`);
    const store = connectStore({
      url: platform.url,
      maxConnections: 4,
      applicationName: 'security',
      onError: () => undefined,
    });
    const stage = { owner, url: own.url, toolbox: createToolbox({ runners: 1 }), store };
    const close = async (): Promise<void> => {
      await stage.toolbox.close();
      await owner.end();
      await store.close();
      await Promise.all([own.stop(), platform.stop()]);
    };
    return { attacks: attacksOn(stage), close };
  },
};

function attacksOn(stage: Stage): Attack[] {
  const injections = STATEMENTS.flatMap((statement, row) =>
    DATA.filter((_, column) => row < ALL_DATA || column % SHARES === row % SHARES).map((data): Attack => ({
      name: `${statement} ← ${JSON.stringify(data)}`.slice(0, 160),
      attempt: () => injected(stage, statement, data),
    })),
  );
  const reads = READS.map((query): Attack => ({
    name: `read: ${query}`,
    attempt: () => readsOnly(stage, query),
  }));
  const sessions = SESSIONS.map((query): Attack => ({
    name: `session: ${query}`,
    attempt: () => leavesNothing(stage, query),
  }));
  return [...injections, ...reads, ...sessions];
}

/** The rows are there, no others were shown, and nothing was made. */
async function injected({ owner, url, toolbox }: Stage, statement: string, data: Json): Promise<Outcome> {
  const config: JsonObject = { auth: 'pg', query: statement };
  const binding = sqlBinding('postgres', ['query'], config);
  if (!binding) return { blocked: false, how: 'the template is rendered to text' };
  const context: Context = {
    execution_id: '1',
    catalog_id: '1',
    path: 'p',
    vars: {},
    steps: {},
    step_kinds: {},
    args: {},
    payload: {},
  };
  let how: string;
  try {
    const query = renderSql(statement, scopeOf(context, { item: { data } }), binding, 'query');
    how = await callTool(toolbox, 'postgres', { ...config, query }, { url });
  } catch (error) {
    how = (error as { code?: string }).code ?? String(error);
  }
  if (how.includes(SECRET)) return { blocked: false, how: 'a row of somebody else was shown' };
  return (await damage(owner)) ?? { blocked: true, how: how.slice(0, 100) };
}

async function damage(owner: pg.Client): Promise<Outcome | undefined> {
  const { rows } = await owner.query<{ people: number; tables: number; secrets: number }>(`
    SELECT (SELECT count(*)::int FROM people WHERE name IN ('anna', '${SECRET}')) AS people,
      (SELECT count(*)::int FROM people WHERE secret) AS secrets,
      (SELECT count(*)::int FROM pg_tables WHERE schemaname = 'public') AS tables`);
  const [found] = rows;
  if (found?.people === 2 && found.tables === 2 && found.secrets === 1) return undefined;
  return { blocked: false, how: `the database was changed: ${JSON.stringify(found)}` };
}

/** The statement gave no rows; the platform's tables, roles and files are as they were. */
async function readsOnly({ store }: Stage, query: string): Promise<Outcome> {
  const before = await stateOf(store);
  let how = 'no rows';
  try {
    const { rows } = await readOnlySql(store, { query, parameters: [] });
    // A statement that gives rows has read what it should not, or done what it should not.
    if (rows.length > 0) return { blocked: false, how: `rows: ${JSON.stringify(rows).slice(0, 100)}` };
  } catch (error) {
    how = (error as Error).message;
  }
  const after = await stateOf(store);
  return after === before ? { blocked: true, how } : { blocked: false, how: `changed: ${after}` };
}

async function stateOf({ pool }: Store): Promise<string> {
  const { rows } = await pool.query(`
    SELECT (SELECT count(*) FROM pg_class) AS relations, (SELECT count(*) FROM pg_proc) AS functions,
      (SELECT count(*) FROM pg_roles) AS roles, (SELECT count(*) FROM pg_largeobject_metadata) AS objects,
      (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') AS locks,
      (SELECT count(*) FROM noetl.catalog) AS catalog, current_setting('search_path') AS path, current_user`);
  return JSON.stringify(rows);
}

/** Whoever uses the connection next finds it as new. */
async function leavesNothing({ url, toolbox }: Stage, query: string): Promise<Outcome> {
  const alone = { auth: 'pg', pool: { max_size: 1 } };
  const first = await callTool(toolbox, 'postgres', { ...alone, query }, { url });
  const seen = await callTool(
    toolbox,
    'postgres',
    {
      ...alone,
      query: `SELECT current_setting('search_path') AS path, current_user = session_user AS self,
        (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks,
        (SELECT count(*)::int FROM pg_class WHERE relpersistence = 't') AS temporary,
        (SELECT count(*)::int FROM pg_prepared_statements WHERE name LIKE 'kept%') AS prepared,
        now() <> statement_timestamp() AS open, current_setting('standard_conforming_strings') AS strings`,
    },
    { url },
  );
  const [row] = (JSON.parse(seen) as { rows: JsonObject[] }).rows;
  const clean = {
    path: '"$user", public',
    self: true,
    locks: 0,
    temporary: 0,
    prepared: 0,
    open: false,
    strings: 'on',
  };
  const left = Object.entries(clean).filter(([name, value]) => row?.[name] !== value);
  return left.length === 0
    ? { blocked: true, how: first.slice(0, 80) }
    : { blocked: false, how: `left: ${left.map(([name]) => name).join(', ')}` };
}
