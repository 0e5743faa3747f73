/** Known secrets, a credential of each type that holds one, and a keychain entry of each kind that gives one. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';

/** With signs that every encoding writes in another way. */
function secret(name: string): string {
  return `${name}-${randomBytes(9).toString('hex')}/+"&= é!`;
}

/** Of texts that may stand in headers. */
function ascii(name: string): string {
  return `${name}-${randomBytes(12).toString('base64')}`;
}

export const SENTINELS = {
  bearer: ascii('bearer'),
  basic: secret('basic'),
  header: ascii('header'),
  query: secret('query'),
  client: secret('client'),
  access: ascii('access'),
  generic: secret('generic'),
  managed: secret('managed'),
  database: `db-${randomBytes(12).toString('hex')}`,
  dsn: `dsn-${randomBytes(12).toString('hex')}`,
  nats: `nats-${randomBytes(12).toString('hex')}`,
  webhook: secret('webhook'),
  webhookUser: `user-${randomBytes(12).toString('hex')}`,
  webhookQuery: `query-${randomBytes(12).toString('hex')}`,
  webhookHeader: ascii('hook'),
} as const;

const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
}) as string;

/** Lines of a private key: any of them would be a find. */
export const PRIVATE_LINES = privateKey.split('\n').filter((line) => line.length === 64);

export interface Places {
  /** Of the careless server. */
  url: string;
  database: { host: string; port: string; name: string };
  natsUrl: string;
}

export function credentials({
  url,
  database,
  natsUrl,
}: Places): { name: string; type: string; data: object }[] {
  const { host, port, name } = database;
  const role = { db_host: host, db_port: port, db_name: name, db_user: 'sentinel' };
  return [
    { name: 's-bearer', type: 'bearer', data: { token: SENTINELS.bearer } },
    { name: 's-basic', type: 'basic', data: { username: 'me', password: SENTINELS.basic } },
    { name: 's-header', type: 'header', data: { headers: { 'x-custom': SENTINELS.header } } },
    { name: 's-query', type: 'api_key', data: { api_key: SENTINELS.query, in: 'query', param: 'k' } },
    {
      name: 's-client',
      type: 'oauth2',
      data: { token_url: `${url}/token`, client_id: 'me', client_secret: SENTINELS.client },
    },
    {
      name: 's-refused',
      type: 'oauth2',
      data: { token_url: `${url}/fail/token`, client_id: 'me', client_secret: SENTINELS.client },
    },
    { name: 's-generic', type: 'generic', data: { value: SENTINELS.generic } },
    { name: 's-managed', type: 'generic', data: { value: SENTINELS.managed } },
    {
      name: 's-robot',
      type: 'generic',
      data: { client_email: 'r@p', private_key: privateKey, token_uri: `${url}/fail/id` },
    },
    { name: 's-database', type: 'postgres', data: { ...role, db_password: SENTINELS.database } },
    {
      name: 's-dsn',
      type: 'postgres',
      data: { dsn: `postgres://nobody:${SENTINELS.dsn}@${host}:${port}/${name}` },
    },
    {
      name: 's-nats',
      type: 'nats',
      data: { nats_url: natsUrl, nats_user: 'me', nats_password: SENTINELS.nats },
    },
    {
      name: 's-nats-away',
      type: 'nats',
      data: { nats_url: `nats://me:${SENTINELS.nats}@127.0.0.1:1` },
    },
  ];
}

export const KEYCHAIN = (url: string): string => `keychain:
- {name: plain, kind: credential, credential: s-generic}
- {name: key, kind: credential, credential: s-robot}
- {name: db, kind: credential, credential: s-database}
- {name: managed, kind: secret_manager, provider: gcp, map: {pin: projects/p/secrets/s-managed/versions/latest}}
- {name: own, kind: bearer, token: "{{ keychain.managed.pin }}"}
- {name: granted, kind: oauth2, endpoint: "${url}/token", data: {client_secret: "{{ keychain.plain.value }}"}}
- {name: identity, kind: google_id_token, target_audience: a, service_account_credential: s-robot}
`;

/** A program that gives a text away in many ways, and then fails where it is told to. */
export const TELLTALE = `import base64, binascii, json, sys, urllib.parse
raw = token.encode()
ways = {
  "raw": token, "json": json.dumps({"t": token}), "nested": json.dumps(json.dumps({"t": token})),
  "b64": base64.b64encode(raw).decode(), "b64_1": base64.b64encode(b"x" + raw).decode(), "b64_2": base64.b64encode(b"xx" + raw + b"y").decode(),
  "url64": base64.urlsafe_b64encode(b"u:" + raw).decode(), "hex": raw.hex(), "HEX": raw.hex().upper(),
  "quote": urllib.parse.quote(token), "strict": urllib.parse.quote(token, safe=""), "plus": urllib.parse.quote_plus(token),
  token: 1, "inner": [[{"deep": "a" + token + "b"}]]}
for way in ways.values(): print(way)
half = len(token) // 2
sys.stdout.write(token[:half]); sys.stdout.flush(); sys.stdout.write(token[half:] + "\\n")
print((token + " ") * 3000)
`;
