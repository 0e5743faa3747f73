/** The settings behind the guard of outbound requests. */
import ipaddr from 'ipaddr.js';

const HOST = /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?(:\d{1,5})?$/i;
const V6_WITH_PORT = /^\[[0-9a-f:.]+\](:\d{1,5})?$/i;

/** Throws when an entry is neither an address, a network nor a host. */
export function networks(entries: readonly string[]): string[] {
  const written = entries.map((entry) => entry.trim()).filter((entry) => entry !== '');
  for (const entry of written) {
    const isNetwork = entry.includes('/') ? ipaddr.isValidCIDR(entry) : ipaddr.isValid(entry);
    if (!isNetwork && !HOST.test(entry) && !V6_WITH_PORT.test(entry))
      throw new Error(`"NOETL_HTTP_ALLOW" holds addresses, networks and hosts, not "${entry}"`);
  }
  return written;
}

/** `host:port` of a base URL. */
export function hostAndPort(base: string): string {
  const { hostname, port, protocol } = new URL(base);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`;
}

/** `host:port` of the database, of NATS, and of the api where playbooks have no business there. */
export function ownServices(database: string | undefined, nats: string | undefined, api?: string): string[] {
  const databases = (database ?? '').split(',').flatMap((url) => addressOf(url, '5432'));
  const servers = (nats ?? '')
    .split(',')
    .flatMap((url) => addressOf(url.includes('://') ? url : `nats://${url}`, '4222'));
  return [...databases, ...servers, ...(api === undefined ? [] : [api])];
}

function addressOf(url: string, port: string): string[] {
  if (!URL.canParse(url.trim())) return [];
  const { hostname, port: written } = new URL(url.trim());
  return hostname === '' ? [] : [`${hostname}:${written === '' ? port : written}`];
}
