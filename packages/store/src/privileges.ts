/**
 * What each kind of process may do in Postgres. `migrate` runs as the owner of the schema and grants it to roles that
 * cannot log in; whoever operates the database makes logins that are members of one. Nobody may change or delete an
 * event, but for the functions of maintenance, which look themselves at what is past its retention.
 */
import { sql } from 'kysely';
import { connection, type Store, type Tx } from './database.ts';
import type { Database } from './tables.ts';

/** Kinds of processes, and of people: a reader sees all but secrets. */
export const DATABASE_ROLES = ['api', 'worker', 'aggregator', 'reader'] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];

type Privilege = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
const R: Privilege[] = ['SELECT'];
const RI: Privilege[] = ['SELECT', 'INSERT'];
const RU: Privilege[] = ['SELECT', 'UPDATE'];
const RD: Privilege[] = ['SELECT', 'DELETE'];
const RID: Privilege[] = ['SELECT', 'INSERT', 'DELETE'];
const RIU: Privilege[] = ['SELECT', 'INSERT', 'UPDATE'];
const RUD: Privilege[] = ['SELECT', 'UPDATE', 'DELETE'];
const ALL: Privilege[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** Every table is here; what is not written is not granted. */
export const PRIVILEGES: Record<keyof Database, Partial<Record<DatabaseRole, readonly Privilege[]>>> = {
  catalog: { api: RI, worker: R, aggregator: R, reader: R },
  execution: { api: RIU, worker: RIU, aggregator: RUD, reader: R },
  event: { api: RI, worker: RI, aggregator: RI, reader: R },
  loop: { api: RIU, worker: RU, aggregator: RUD, reader: R },
  command: { api: RIU, worker: RIU, aggregator: RUD, reader: R },
  collection_page: { api: RI, worker: RI, aggregator: RID, reader: R },
  redrive_page: { api: RI, worker: R, aggregator: RD, reader: R },
  value: { api: ALL, worker: ALL, aggregator: RID, reader: R },
  runtime: { api: R, worker: ALL, aggregator: R, reader: R },
  credential: { api: ALL, worker: R },
  schedule: { api: ALL, aggregator: RU, reader: R },
  webhook_delivery: { api: ALL, aggregator: RD, reader: R },
  flow_limit: { api: ALL, worker: RU, reader: R },
  flow_user: { api: RD, worker: ALL, reader: R },
  api_token: { api: RIU },
  audit: { api: RI, aggregator: R },
};

/** Functions that run as the owner: all of them are maintenance, and for the aggregator. */
const FUNCTIONS = [
  sql`noetl.make_event_partition(text, bigint, bigint)`,
  sql`noetl.drop_event_partition(text)`,
  sql`noetl.purge_events(bigint[], int)`,
  sql`noetl.purge_audit(double precision, int)`,
  sql`noetl.analyze_events()`,
];

const WORDS = { SELECT: sql`SELECT`, INSERT: sql`INSERT`, UPDATE: sql`UPDATE`, DELETE: sql`DELETE` };

const GRANT_LOCK = 7_215_002;

function roleName(role: DatabaseRole): string {
  return `noetl_${role}`;
}

/**
 * Makes the roles and sets what they may do, as of this version. False when the caller may not make roles and they are
 * not there: then all processes have to run as the owner.
 */
export async function grantPrivileges(store: Store): Promise<boolean> {
  return store.db.transaction().execute(async (tx) => {
    await sql`SELECT pg_advisory_xact_lock(${sql.lit(GRANT_LOCK)})`.execute(tx);
    if (!(await makeRoles(tx))) return false;
    const roles = DATABASE_ROLES.map(roleName);
    await sql`GRANT USAGE ON SCHEMA noetl TO ${names(roles)}`.execute(tx);
    await sql`REVOKE ALL ON ALL TABLES IN SCHEMA noetl FROM ${names(roles)}`.execute(tx);
    for (const [table, of] of Object.entries(PRIVILEGES)) {
      for (const [role, privileges] of Object.entries(of))
        await sql`GRANT ${sql.join(privileges.map((word) => WORDS[word]))} ON ${sql.table(`noetl.${table}`)}
          TO ${sql.id(roleName(role as DatabaseRole))}`.execute(tx);
    }
    await sql`GRANT SELECT ON noetl.event_default TO ${names(roles)}`.execute(tx);
    await sql`GRANT USAGE ON SEQUENCE noetl.chunk_id, noetl.value_id
      TO ${names(['noetl_api', 'noetl_worker', 'noetl_aggregator'])}`.execute(tx);
    await sql`GRANT USAGE ON SEQUENCE noetl.credential_version TO noetl_api`.execute(tx);
    // Statements from outside run as a reader. Where another owner has made the roles, it has done this as well.
    await sql`DO ${sql.lit(`BEGIN GRANT noetl_reader TO noetl_api;
      EXCEPTION WHEN insufficient_privilege THEN NULL; END`)}`.execute(tx);
    for (const signature of FUNCTIONS) {
      await sql`REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC`.execute(tx);
      await sql`GRANT EXECUTE ON FUNCTION ${signature} TO ${sql.id(roleName('aggregator'))}`.execute(tx);
    }
    return true;
  });
}

/** Roles belong to the server, not to a database: another installation may make them at the same time. */
async function makeRoles(tx: Tx): Promise<boolean> {
  for (const role of DATABASE_ROLES.map(roleName)) {
    await sql`DO ${sql.lit(`BEGIN
      IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role} NOLOGIN; END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
    END`)}`.execute(tx);
  }
  const { rows } = await sql<{ made: number }>`
    SELECT count(*)::int AS made FROM pg_roles
    WHERE rolname = ANY (${DATABASE_ROLES.map(roleName)}::text[])`.execute(tx);
  return rows[0]?.made === DATABASE_ROLES.length;
}

function names(roles: readonly string[]) {
  return sql.join(roles.map((role) => sql.id(role)));
}

/** The login that `noetl migrate` makes for a role when it is given a password. */
export function loginName(role: DatabaseRole): string {
  return `noetl_${role}_login`;
}

/** A login for one kind of process; one that is there gets the password and the settings. */
export interface Login {
  name: string;
  password: string;
  role: DatabaseRole;
}

/** What processes ask for when they connect, and a pooler may swallow. */
const SETTINGS = {
  search_path: 'noetl',
  statement_timeout: '60s',
  idle_in_transaction_session_timeout: '5s',
};

/**
 * Makes logins, with the settings that a pooler between would swallow. The caller must be allowed to make roles.
 * Passwords reach the server's log when it logs statements; use SCRAM hashes in their place where that matters.
 */
export async function makeLogins(of: Store | Tx, logins: readonly Login[]): Promise<void> {
  for (const { name, password, role } of logins) {
    const db = connection(of);
    await sql`DO ${sql.lit(`BEGIN
      IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${name}') THEN CREATE ROLE ${name} LOGIN; END IF;
    END`)}`.execute(db);
    const login = sql.id(name);
    await sql`ALTER ROLE ${login} LOGIN PASSWORD ${sql.lit(password)}`.execute(db);
    for (const [setting, value] of Object.entries(SETTINGS))
      await sql`ALTER ROLE ${login} SET ${sql.ref(setting)} = ${sql.lit(value)}`.execute(db);
    await sql`GRANT ${sql.id(roleName(role))} TO ${login}`.execute(db);
  }
}
