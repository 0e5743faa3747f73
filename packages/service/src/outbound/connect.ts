/** Opens connections under the guard: names are resolved once, every address is checked, and what was checked is used. */
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { buildConnector } from 'undici';
import { refusalOf, type OutboundPolicy, type Refusal } from './guard.ts';

const CONNECT_TIMEOUT_MS = 5_000;

/** As `dns.lookup` with `all`. */
export type Lookup = (
  host: string,
  options: LookupOptions & { all: true },
  done: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/** An address that playbooks may not reach. */
export class OutboundRefused extends Error {
  readonly code = 'HTTP_REFUSED';
  readonly hint: string;

  constructor({ reason, hint }: Refusal) {
    super(reason);
    this.name = 'OutboundRefused';
    this.hint = hint;
  }
}

/**
 * For `connect` of an undici Agent; `tls` as there. Connections fail with {@link OutboundRefused} where the policy
 * forbids an address, before a byte is sent.
 */
export function guardedConnector(
  policy: OutboundPolicy,
  tls: buildConnector.BuildOptions = {},
  lookup: Lookup = systemLookup,
): buildConnector.connector {
  return (options, done) => {
    const { hostname, protocol } = options;
    const host = hostname.replace(/^\[|\]$/g, '');
    const port = Number(options.port === '' ? (protocol === 'https:' ? 443 : 80) : options.port);
    const check = (own: readonly string[], addresses: readonly string[]): Refusal | undefined => {
      for (const address of addresses) {
        const refusal = refusalOf({ host, port, address, ownAddresses: own }, policy);
        if (refusal) return refusal;
      }
      return undefined;
    };
    ownAddresses(policy, port, lookup)
      .then((own) => {
        // Addresses that stand in the URL are connected to without a look-up.
        const refusal = isIP(host) === 0 ? undefined : check(own, [host]);
        if (refusal) {
          done(new OutboundRefused(refusal), null);
          return;
        }
        const checked = (name: string, asked: LookupOptions, given: Given): void => {
          lookup(name, { ...asked, all: true }, (error, found: LookupAddress[] | undefined) => {
            const addresses = found ?? [];
            const denied = check(
              own,
              addresses.map(({ address }) => address),
            );
            const [first] = addresses;
            if (error || denied || !first) given(error ?? new OutboundRefused(denied ?? NOWHERE), []);
            else if (asked.all === true) given(null, addresses);
            else given(null, first.address, first.family);
          });
        };
        const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS, ...tls, lookup: checked });
        connect(options, done);
      })
      // Certificates that are none throw at once.
      .catch((error: unknown) => {
        done(error as Error, null);
      });
  };
}

type Given = (error: Error | null, addresses: LookupAddress[] | string, family?: number) => void;

const NOWHERE: Refusal = { reason: 'the name leads nowhere', hint: 'Check the name of the host.' };

/** Where the platform's own services listen on this port; a name that cannot be resolved leads to none of them. */
async function ownAddresses(policy: OutboundPolicy, port: number, lookup: Lookup): Promise<string[]> {
  const hosts = policy.own.flatMap((entry) => {
    const [, host, own] = /^\[?(.*?)\]?:(\d+)$/.exec(entry) ?? [];
    return host !== undefined && Number(own) === port ? [host] : [];
  });
  const found = await Promise.all(
    hosts.map((host) => {
      if (isIP(host) > 0) return Promise.resolve([host]);
      return new Promise<string[]>((resolve) => {
        lookup(host, { all: true }, (_, addresses: LookupAddress[] | undefined) => {
          resolve((addresses ?? []).map(({ address }) => address));
        });
      });
    }),
  );
  return found.flat().flatMap((address) => {
    if (ANY.includes(address)) return [...ANY, ...LOOPBACK];
    return LOOPBACK.includes(address) ? [...LOOPBACK, ...ANY] : [address];
  });
}

/** A service on one of these is reached by the others, too. */
const ANY = ['0.0.0.0', '::'];
const LOOPBACK = ['127.0.0.1', '::1'];
