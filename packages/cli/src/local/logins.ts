/**
 * Logins for the processes on servers that we have started: each kind of process may do in database and bus what that
 * kind needs. Their passwords follow from that of the servers' owner, so there is nothing to keep.
 */
import { createHash } from 'node:crypto';
import type { DatabaseRole } from '@noetl/store';
import { derived, natsLogin } from './nats-users.ts';
import { onDatabase } from './on-database.ts';

/** Servers that are ours to make logins on. */
export interface OwnServers {
  database: boolean;
  nats: boolean;
}

const ROLES = ['api', 'worker', 'aggregator'] as const;
type ProcessRole = (typeof ROLES)[number] & DatabaseRole;

/** Environment with which a process of a kind gets in. The database has been migrated. */
export async function processLogins(
  { databaseUrl, natsUrl }: { databaseUrl: string; natsUrl: string },
  own: OwnServers,
): Promise<(role: ProcessRole) => Record<string, string>> {
  const urls = own.database ? await databaseLogins(databaseUrl) : undefined;
  return (role) => ({
    ...(urls && { DATABASE_URL: urls[role] }),
    ...(own.nats && natsLogin(natsUrl, role)),
  });
}

async function databaseLogins(ownerUrl: string): Promise<Record<ProcessRole, string>> {
  const { makeLogins } = await import('@noetl/store');
  const owner = new URL(ownerUrl);
  const password = decodeURIComponent(owner.password);
  // Logins belong to the server: databases beside ours have others.
  const database = createHash('sha256').update(owner.pathname).digest('hex').slice(0, 8);
  const logins = ROLES.map((role) => {
    const name = `noetl_${role}_${database}`;
    return { role, name, password: derived(password, name) };
  });
  await onDatabase(ownerUrl, 'logins', (store) => makeLogins(store, logins));
  return Object.fromEntries(
    logins.map(({ role, name, password: own }) => [role, loginUrl(ownerUrl, name, own)]),
  ) as Record<ProcessRole, string>;
}

function loginUrl(url: string, name: string, password: string): string {
  const own = new URL(url);
  own.username = name;
  own.password = password;
  return own.href;
}
