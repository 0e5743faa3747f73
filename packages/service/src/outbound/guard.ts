/**
 * Which addresses requests of playbooks may reach. Names decide nothing: what counts is the address that a connection
 * is opened to, whatever the URL spells.
 */
import ipaddr from 'ipaddr.js';

export interface OutboundPolicy {
  /** Loopback, private and reserved addresses: reached, or only where `allow` says so. */
  private: 'allow' | 'deny';
  /** Addresses, networks (`10.1.0.0/16`) and hosts, each perhaps with a port, that may be reached all the same. */
  allow: readonly string[];
  /** `host:port` of the platform's own services: reached only where `allow` names them with the port. */
  own: readonly string[];
}

export interface Target {
  /** As the URL has it. */
  host: string;
  port: number;
  /** What the connection is opened to. */
  address: string;
  /** Addresses of the platform's own services that listen on this port. */
  ownAddresses: readonly string[];
}

/** Why an address is not reached, and what would change that. */
export interface Refusal {
  reason: string;
  hint: string;
}

/** Services of clouds that hand out credentials at addresses which are not link-local. */
const METADATA = ['fd00:ec2::254', '168.63.129.16', '100.100.100.200', '192.0.0.192'].map((address) =>
  ipaddr.parse(address).toNormalizedString(),
);
const NEVER = 'Metadata services and link-local addresses are never reached.';

/** Undefined when the address may be reached. */
export function refusalOf(target: Target, policy: OutboundPolicy): Refusal | undefined {
  const address = plainAddress(target.address);
  const where = `${target.host} leads to ${address.toString()}`;
  if (isMetadata(address)) return { reason: `${where}, which is never reached`, hint: NEVER };
  const asked = `${target.host}:${String(target.port)}`;
  if (target.ownAddresses.some((own) => isSame(plainAddress(own), address))) {
    if (isAllowed(target, address, policy.allow, true)) return undefined;
    return {
      reason: `${where}, and port ${String(target.port)} there is the platform's own`,
      hint: `If playbooks may reach it, add ${asked} to NOETL_HTTP_ALLOW.`,
    };
  }
  if (isPublic(address) || policy.private === 'allow' || isAllowed(target, address, policy.allow, false))
    return undefined;
  return {
    reason: `${where}, which is not a public address`,
    hint: `If playbooks may reach it, add ${target.host} or its network to NOETL_HTTP_ALLOW.`,
  };
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** IPv4 addresses that are written, translated or tunnelled as IPv6 ones are what they lead to. */
export function plainAddress(text: string): Address {
  const address = ipaddr.parse(text.replace(/%.*$/, ''));
  if (!(address instanceof ipaddr.IPv6)) return address;
  const bytes = address.toByteArray();
  const from = offsetOfV4(address);
  return from === undefined ? address : new ipaddr.IPv4(bytes.slice(from, from + 4));
}

function offsetOfV4(address: ipaddr.IPv6): number | undefined {
  const { parts } = address;
  switch (address.range()) {
    case 'ipv4Mapped':
    case 'rfc6145':
    case 'rfc6052':
      return 12;
    case '6to4':
      return 2;
    default:
      // IPv4-compatible addresses, long deprecated, and not `::` and `::1`.
      return parts.slice(0, 6).every((part) => part === 0) && (parts[6] ?? 0) !== 0 ? 12 : undefined;
  }
}

function isMetadata(address: Address): boolean {
  return address.range() === 'linkLocal' || METADATA.includes(address.toNormalizedString());
}

function isPublic(address: Address): boolean {
  return address.range() === 'unicast';
}

function isSame(one: Address, other: Address): boolean {
  return one.toNormalizedString() === other.toNormalizedString();
}

function isAllowed(
  { host, port }: Target,
  address: Address,
  allow: readonly string[],
  withPort: boolean,
): boolean {
  return allow.some((entry) => {
    const { name, only } = entryOf(entry);
    if (only === undefined ? withPort : only !== port) return false;
    const network = networkOf(name);
    if (!network) return name.toLowerCase() === host.toLowerCase().replace(/\.$/, '');
    return network[0].kind() === address.kind() && address.match(network);
  });
}

/** `host`, `host:port`, `10.0.0.0/8`, `10.1.2.3:80`, `[fd00::1]:80`, `fd00::/8`. */
function entryOf(entry: string): { name: string; only: number | undefined } {
  const withPort = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(entry);
  const bare = /^\[([^\]]+)\]$/.exec(entry)?.[1] ?? entry;
  if (!withPort) return { name: bare, only: undefined };
  return { name: withPort[1] ?? withPort[2] ?? '', only: Number(withPort[3]) };
}

function networkOf(name: string): [Address, number] | undefined {
  if (ipaddr.isValidCIDR(name)) return ipaddr.parseCIDR(name);
  if (!ipaddr.isValid(name) || !/[:.]/.test(name)) return undefined;
  const address = plainAddress(name);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}
