/**
 * Users of our own nats-server: one for each kind of process, whose password follows from that of the one who may do
 * everything, so that nobody has to keep or pass them.
 */
import { createHmac } from 'node:crypto';

export const NATS_ADMIN = 'noetl';

/** The part of nats-server's configuration that names them. */
export async function natsUsers(adminPassword: string, pools: readonly string[]): Promise<string> {
  const { natsAccounts } = await import('@noetl/bus');
  const users = [
    user(NATS_ADMIN, adminPassword),
    ...Object.entries(natsAccounts(pools)).map(([role, { publish, subscribe }]) =>
      user(
        role,
        derived(adminPassword, role),
        `, permissions: { publish: ${JSON.stringify(publish)}, subscribe: ${JSON.stringify(subscribe)} }`,
      ),
    ),
  ];
  return `authorization {
  users = [
${users.join('\n')}
  ]
}
`;
}

function user(name: string, password: string, permissions = ''): string {
  return `    { user: ${JSON.stringify(name)}, password: ${JSON.stringify(password)}${permissions} }`;
}

/** Environment with which a process of that role gets in; nothing where the server is open. */
export function natsLogin(url: string, role: string): Record<string, string> {
  const { password } = new URL(url.split(',')[0] ?? '');
  if (password === '') return {};
  return { NATS_USER: role, NATS_PASSWORD: derived(decodeURIComponent(password), role) };
}

/** A password that only who knows the first one can tell. */
export function derived(password: string, name: string): string {
  return createHmac('sha256', password).update(name).digest('base64url');
}
