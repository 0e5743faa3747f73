/** What each kind of process may not do in Postgres with its own login, tried on the migrated schema. */
import { processLogins } from '@noetl/cli/local';
import { connectStore, grantPrivileges } from '@noetl/store';
import pg from 'pg';
import { startTestPostgres } from '../../postgres.ts';
import type { Attack, Corpus, Outcome } from '../corpus.ts';

type Role = 'api' | 'worker' | 'aggregator';
const INSUFFICIENT_PRIVILEGE = '42501';

/** Nobody may do these. */
const EVERYBODY = [
  'UPDATE noetl.event SET status = $$COMPLETED$$',
  'DELETE FROM noetl.event',
  'UPDATE noetl.audit SET action = $$x$$',
  'DELETE FROM noetl.audit',
  'DELETE FROM noetl.api_token',
  'TRUNCATE noetl.event',
  'DROP TABLE noetl.execution',
  'ALTER TABLE noetl.command ADD COLUMN x int',
  'CREATE TABLE noetl.mine (x int)',
  'CREATE FUNCTION noetl.mine() RETURNS int LANGUAGE sql AS $$SELECT 1$$',
  'CREATE TABLE public.mine (x int)',
  'CREATE ROLE mine SUPERUSER',
  'ALTER ROLE noetl_api SUPERUSER',
  'SET session_replication_role = replica',
  "COPY noetl.catalog TO PROGRAM 'cat > /tmp/stolen'",
  "COPY (SELECT 1) TO '/tmp/stolen'",
  "SELECT pg_read_file('postgresql.conf')",
  "SELECT lo_export(1, '/tmp/stolen')",
  'SELECT pg_reload_conf()',
  'SET ROLE noetl',
  'SET SESSION AUTHORIZATION noetl',
  'SELECT rolpassword FROM pg_authid',
  'UPDATE noetl.kysely_migration SET name = $$x$$',
];

const OF_ROLE: Record<Role, string[]> = {
  api: [
    'SELECT noetl.purge_audit(1, 10)',
    "SELECT noetl.drop_event_partition('event_2000_01_01')",
    'SELECT noetl.purge_events(ARRAY[1]::bigint[], 10)',
    'DELETE FROM noetl.execution',
    'DELETE FROM noetl.loop',
    'DELETE FROM noetl.command',
    'UPDATE noetl.catalog SET content = $$x$$',
    'DELETE FROM noetl.catalog',
    'SELECT noetl.analyze_events()',
  ],
  worker: [
    'SELECT 1 FROM noetl.api_token',
    'SELECT 1 FROM noetl.audit',
    'SELECT noetl.purge_audit(1, 10)',
    "SELECT noetl.drop_event_partition('event_2000_01_01')",
    "SELECT noetl.make_event_partition('event_2000_01_01', 1, 2)",
    'SELECT noetl.purge_events(ARRAY[1]::bigint[], 10)',
    "INSERT INTO noetl.catalog (path, version, kind, content, content_hash) VALUES ('x', 1, 'Playbook', 'x', 'x')",
    'UPDATE noetl.catalog SET content = $$x$$',
    'UPDATE noetl.credential SET data_encrypted = $$x$$',
    "INSERT INTO noetl.credential (name, type, data_encrypted) VALUES ('x', 'x', 'x')",
    'DELETE FROM noetl.credential',
    'SELECT 1 FROM noetl.schedule',
    'UPDATE noetl.schedule SET enabled = true',
    'SELECT 1 FROM noetl.webhook_delivery',
    'DELETE FROM noetl.execution',
    'DELETE FROM noetl.loop',
    'DELETE FROM noetl.command',
    "INSERT INTO noetl.flow_limit (key) VALUES ('x')",
    'DELETE FROM noetl.flow_limit',
    'DELETE FROM noetl.collection_page',
    "INSERT INTO noetl.redrive_page (execution_id, list_id, from_position, indexes) VALUES (1, 1, 0, '{}')",
  ],
  aggregator: [
    'SELECT token_hash FROM noetl.api_token',
    'SELECT data_encrypted FROM noetl.credential',
    'DELETE FROM noetl.credential',
    "INSERT INTO noetl.catalog (path, version, kind, content, content_hash) VALUES ('x', 1, 'Playbook', 'x', 'x')",
    'INSERT INTO noetl.command (execution_id, command_id, catalog_id, lane, step) VALUES (1, 1, 1, $$step$$, $$x$$)',
    'INSERT INTO noetl.execution (execution_id, catalog_id, path, version) VALUES (1, 1, $$x$$, 1)',
    'INSERT INTO noetl.loop (loop_id, execution_id) VALUES (1, 1)',
    'SELECT 1 FROM noetl.flow_limit',
    'DELETE FROM noetl.schedule',
    'DELETE FROM noetl.catalog',
    'UPDATE noetl.value SET content = $$1$$',
    'DELETE FROM noetl.runtime',
  ],
};

export const corpus: Corpus = {
  name: 'postgres',
  open: async () => {
    const database = await startTestPostgres();
    const store = connectStore({
      url: database.url,
      maxConnections: 1,
      applicationName: 'corpus',
      onError: () => undefined,
    });
    if (!(await grantPrivileges(store))) throw new Error('the roles could not be made');
    await store.close();
    const logins = await processLogins(
      { databaseUrl: database.url, natsUrl: '' },
      { database: true, nats: false },
    );
    const clients = new Map<Role, pg.Client>();
    for (const role of ['api', 'worker', 'aggregator'] as const) {
      const client = new pg.Client({ connectionString: logins(role)['DATABASE_URL'] });
      client.on('error', () => undefined);
      await client.connect();
      clients.set(role, client);
    }
    return {
      attacks: [...clients].flatMap(([role, client]) =>
        [...EVERYBODY, ...OF_ROLE[role]].map((text) => attempted(role, client, text)),
      ),
      close: async () => {
        for (const client of clients.values()) await client.end();
        await database.stop();
      },
    };
  },
};

/** Whatever a statement is refused for, but for a lack of rights, would show nothing. */
function attempted(role: Role, client: pg.Client, text: string): Attack {
  return {
    name: `${role}: ${text}`,
    attempt: async (): Promise<Outcome> => {
      await client.query('BEGIN');
      try {
        await client.query(text);
        return { blocked: false, how: 'done' };
      } catch (error) {
        const { code, message } = error as pg.DatabaseError;
        return { blocked: code === INSUFFICIENT_PRIVILEGE, how: `${code ?? ''} ${message}` };
      } finally {
        await client.query('ROLLBACK');
      }
    },
  };
}
