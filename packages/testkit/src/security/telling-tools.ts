/** Tools that use secrets, and tell them in every way they can: in results, prints, messages, tracebacks, addresses. */
import { TELLTALE } from './sentinels.ts';

/** Stands for the careless server. */
export const HERE = 'http://careless.server';
/** A secret, as templates reach it. */
export const PLAIN = '{{ keychain.plain.value }}';
export const FROM_PYTHON = { kind: 'python', input: { token: PLAIN } };
export const http = (more: object): object => ({
  kind: 'http',
  method: 'POST',
  url: `${HERE}/echo`,
  ...more,
});
const sql = (auth: string, query: string): object => ({ kind: 'postgres', auth, query });
const shell = (cmds: string): object => ({ kind: 'shell', env: { TOKEN: PLAIN }, cmds });
const NUMBERED = '{{ keychain.plain.value | int }}{{ keychain.plain.value | fromjson }}';

/** By name: a tool, and how its step ends. */
export const TOOLS: [string, object, 'COMPLETED' | 'FAILED'][] = [
  ['http-bearer', http({ auth: 's-bearer' }), 'COMPLETED'],
  ['http-basic', http({ auth: 's-basic' }), 'COMPLETED'],
  ['http-header', http({ auth: 's-header' }), 'COMPLETED'],
  ['http-query', http({ auth: 's-query' }), 'COMPLETED'],
  ['http-oauth2', http({ auth: 's-client' }), 'COMPLETED'],
  ['http-oauth2-refused', http({ auth: 's-refused' }), 'FAILED'],
  ['http-written', http({ json: { deep: [PLAIN] }, params: { p: PLAIN }, form: { f: PLAIN } }), 'COMPLETED'],
  ['http-headers', http({ headers: { 'x-a': '{{ keychain.granted.access_token }}' } }), 'COMPLETED'],
  ['http-fail', http({ auth: 's-basic', url: `${HERE}/fail`, params: { p: PLAIN } }), 'FAILED'],
  ['http-redirect', http({ auth: 's-bearer', url: `${HERE}/redirect` }), 'COMPLETED'],
  [
    'http-away',
    http({
      url: `http://me:{{ keychain.db.db_password }}@127.0.0.1:1/{{ keychain.db.db_password }}?access_token=${PLAIN}`,
    }),
    'FAILED',
  ],
  ['http-no-url', http({ url: PLAIN }), 'FAILED'],
  [
    'postgres',
    sql(
      's-database',
      `SELECT '{{ keychain.db.db_password }}' AS p, encode(convert_to('{{ keychain.db.db_password }}', 'UTF8'), 'base64') AS b`,
    ),
    'COMPLETED',
  ],
  [
    'postgres-fail',
    sql('s-database', `SELECT * FROM nowhere WHERE x = '{{ keychain.db.db_password }}'`),
    'FAILED',
  ],
  ['postgres-cast', sql('s-database', `SELECT '{{ keychain.db.db_password }}'::int`), 'FAILED'],
  ['postgres-dsn', sql('s-dsn', 'SELECT 1'), 'FAILED'],
  ['python', { ...FROM_PYTHON, code: `${TELLTALE}result = ways` }, 'COMPLETED'],
  ['python-fail', { ...FROM_PYTHON, code: `${TELLTALE}raise ValueError(json.dumps(ways))` }, 'FAILED'],
  ['python-excerpt', { ...FROM_PYTHON, code: 'raise ValueError("bad " + (token * 200)[:3990])' }, 'FAILED'],
  ['python-in-code', { kind: 'python', code: `x = ${PLAIN}\nraise RuntimeError(x)` }, 'FAILED'],
  [
    'python-key',
    {
      kind: 'python',
      input: { key: '{{ keychain.key.private_key }}' },
      code: 'result = {"key": key, "lines": key.split(chr(10)), "one": key.split(chr(10))[3]}',
    },
    'COMPLETED',
  ],
  [
    'javascript',
    {
      kind: 'javascript',
      input: { token: PLAIN },
      code: 'console.log(token); console.log(btoa(unescape(encodeURIComponent(token)))); result = {token, u: encodeURIComponent(token), j: JSON.stringify({token})}',
    },
    'COMPLETED',
  ],
  [
    'javascript-fail',
    { kind: 'javascript', input: { token: PLAIN }, code: 'throw new Error("no " + token)' },
    'FAILED',
  ],
  [
    'shell',
    shell('printf %s "$TOKEN"; printf %s "$TOKEN" | base64 -w0; printf %s "$TOKEN" >&2; sleep 1'),
    'COMPLETED',
  ],
  ['shell-cut', shell('for i in $(seq 1 30000); do printf "%s " "$TOKEN"; done'), 'COMPLETED'],
  ['shell-fail', shell('for i in $(seq 1 100); do printf "%s " "$TOKEN" >&2; done; exit 3'), 'FAILED'],
  [
    'nats',
    { kind: 'nats', auth: 's-nats', operation: 'kv_put', bucket: 'own', key: 'k', value: 'v' },
    'COMPLETED',
  ],
  [
    'nats-away',
    { kind: 'nats', auth: 's-nats-away', operation: 'kv_get', bucket: 'own', key: 'k' },
    'FAILED',
  ],
  [
    'duckdb',
    {
      kind: 'duckdb',
      auth: { db: 's-database' },
      query: `ATTACH '' AS far (TYPE postgres, SECRET db); SELECT '{{ keychain.db.db_password }}'`,
    },
    'FAILED',
  ],
  ['artifact', { kind: 'artifact', action: 'put', input: { data: { token: PLAIN } } }, 'COMPLETED'],
  [
    'noop',
    { kind: 'noop', result: { a: PLAIN, b: ['{{ keychain.own.token }}', '{{ keychain.managed.pin }}'] } },
    'COMPLETED',
  ],
  ['identity', { kind: 'noop', result: '{{ keychain.identity.id_token }}' }, 'FAILED'],
  ['template', { kind: 'noop', result: NUMBERED }, 'FAILED'],
];
