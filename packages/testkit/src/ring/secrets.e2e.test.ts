/** Credentials and the keychain: written once, opened in workers only, and in nothing that is stored or shown. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchAsAdmin } from '../auth.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { RingClient } from './client.ts';

const TOKEN = 'tok-7f3e9a1c5b-secret';
const CLIENT_SECRET = 'cs-55aa66bb77-secret';

let platform: TestPlatform;
let ring: RingClient;
let server: Server;
let url: string;
let tokensGiven = 0;
const seen: string[] = [];
const asserted: string[] = [];
const tokenRequests: string[] = [];

beforeAll(async () => {
  platform = await startPlatform({ workers: 1 });
  ring = await RingClient.connect(platform);
  server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url === '/identity') {
      void text(request).then((body) => {
        asserted.push(new URLSearchParams(body).get('assertion') ?? '');
        response.end(JSON.stringify({ id_token: 'id-5f6a7b8c9d' }));
      });
      return;
    }
    if (request.url === '/token') {
      tokensGiven += 1;
      void text(request).then((body) => tokenRequests.push(body));
      response.end(
        JSON.stringify({ access_token: `at-${String(tokensGiven)}-0123456789`, expires_in: 3600 }),
      );
      return;
    }
    seen.push(request.headers.authorization ?? '');
    // A careless server that says what it was sent.
    response.end(JSON.stringify({ echo: request.headers.authorization }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  await save({ name: 'echo', type: 'bearer', data: { token: TOKEN } });
  await save({
    name: 'client',
    type: 'oauth2',
    data: { token_url: `${url}/token`, client_id: 'me', client_secret: CLIENT_SECRET },
  });
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
  await new Promise((resolve) => server.close(resolve));
});

async function save(credential: object): Promise<void> {
  const { status } = await ring.post('/api/credentials', credential);
  expect(status).toBe(201);
}

function document(path: string, steps: string, more = ''): string {
  return `apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x, path: ${path}}\n${more}\nworkflow:\n${steps}`;
}

/** Every text of ours that could hold a secret. */
async function everythingStored(): Promise<string> {
  const tables = [
    'event',
    'execution',
    'command',
    'loop',
    'value',
    'collection_page',
    'catalog',
    'credential',
  ];
  const rows = await Promise.all(tables.map((table) => ring.sql(`SELECT * FROM noetl.${table}`)));
  const logs = platform.processes.names.map((name) => platform.log(name));
  return JSON.stringify(rows) + logs.join('\n');
}

describe('credentials', () => {
  test('are listed, shown and deleted without their data', async () => {
    await save({ name: 'gone', type: 'generic', data: { x: 'y' }, tags: ['a'], description: 'd' });
    const { body } = await ring.get<{ items: { name: string }[] }>('/api/credentials?q=gone');
    expect(body.items).toMatchObject([{ name: 'gone', type: 'generic', tags: ['a'] }]);
    expect(JSON.stringify(body)).not.toContain('"y"');
    expect((await ring.get('/api/credentials/gone?include_data=true')).status).toBe(400);
    const gone = await fetchAsAdmin(`${platform.url}/api/credentials/gone`, { method: 'DELETE' });
    expect(gone.status).toBe(200);
    expect((await ring.get('/api/credentials/gone')).status).toBe(404);
  });

  test.each([
    ['without a name', { type: 'bearer', data: { token: 'x' } }, 'BODY_INVALID'],
    [
      'without what its type needs',
      { name: 'n', type: 'postgres', data: { db_host: 'h' } },
      'CREDENTIAL_INVALID',
    ],
  ])('one %s is refused', async (_, credential, code) => {
    const { status, body } = await ring.post('/api/credentials', credential);
    expect([status, body['code']]).toEqual([400, code]);
  });

  test('a step that names one that is not there fails and says which', async () => {
    const path = await ring.register(
      document('secrets/unknown', `- {step: start, tool: {kind: http, url: "${url}/", auth: nobody}}`),
    );
    const { status, error } = await ring.run(path);
    expect(status).toBe('FAILED');
    expect(error).toContain('there is no credential "nobody"');
  });

  test('a token reaches the server, and nothing that is stored', async () => {
    const path = await ring.register(
      document('secrets/echo', `- {step: start, tool: {kind: http, url: "${url}/", auth: echo}}`),
    );
    const { status, result } = await ring.run(path);
    expect(status).toBe('COMPLETED');
    expect(seen).toContain(`Bearer ${TOKEN}`);
    expect(result).toMatchObject({ data: { echo: 'Bearer [REDACTED]' } });
  });

  test('OAuth 2 tokens are asked for once and used again', async () => {
    const before = tokensGiven;
    const steps = `- step: start
  loop: {in: "{{ range(6) }}", iterator: n, spec: {mode: parallel}}
  tool: {kind: http, url: "${url}/", auth: client}`;
    const { status } = await ring.run(await ring.register(document('secrets/oauth', steps)));
    expect(status).toBe('COMPLETED');
    expect(tokensGiven - before).toBe(1);
    expect(seen.at(-1)).toBe(`Bearer at-${String(tokensGiven)}-0123456789`);
  });
});

describe('keychain', () => {
  test('entries are resolved when a template looks into them, and only then', async () => {
    const keychain = `keychain:
- {name: echo, kind: credential, credential: echo}
- {name: fixed, kind: static, map: {colour: "{{ colour }}"}}
- {name: never, kind: oauth2, endpoint: "http://127.0.0.1:1/never"}
workload: {colour: ultramarine}`;
    const steps = `- step: start
  tool:
    kind: python
    input: {token: "{{ keychain.echo.token }}", colour: "{{ keychain.fixed.colour }}"}
    code: |
      print("printed " + token)
      result = {"token": token, "length": len(token), "colour": colour}`;
    const { status, result, execution_id } = await ring.run(
      await ring.register(document('secrets/keychain', steps, keychain)),
    );
    expect(status).toBe('COMPLETED');
    // What came out of a credential does not go into results; what the document says itself may.
    expect(result).toEqual({ token: '[REDACTED]', length: TOKEN.length, colour: 'ultramarine' });
    expect(await ring.printed(execution_id)).toContain('printed [REDACTED]');
  });

  test('an error does not tell the secret either', async () => {
    const steps = `- step: start
  tool: {kind: python, input: {token: "{{ keychain.echo.token }}"}, code: "raise ValueError(token)"}`;
    const keychain = 'keychain: [{name: echo, kind: credential, credential: echo}]';
    const { error } = await ring.run(await ring.register(document('secrets/error', steps, keychain)));
    expect(error).toContain('ValueError: [REDACTED]');
  });

  test('a secret of a manager that is out of reach fails the step that looks into it, and says what to do', async () => {
    const keychain =
      'keychain: [{name: cloud, kind: secrets, provider: gcp, map: {a: projects/p/secrets/none/versions/1}}]';
    const steps = '- {step: start, tool: {kind: noop, result: "{{ keychain.cloud.a }}"}}';
    const { error } = await ring.run(await ring.register(document('secrets/cloud', steps, keychain)));
    expect(error).toContain('the secret projects/p/secrets/none/versions/1 is in a secret manager');
  });

  test('every kind gives what it should, and none of it is stored', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    await save({ name: 'stored-here', type: 'generic', data: { value: 'sm-0a1b2c3d4e' } });
    await save({
      name: 'robot',
      type: 'generic',
      data: { client_email: 'robot@p', private_key, token_uri: `${url}/identity` },
    });
    const keychain = `keychain:
- {name: managed, kind: secret_manager, provider: gcp, map: {pin: projects/p/secrets/stored-here/versions/latest}}
- {name: granted, kind: oauth2, endpoint: "${url}/token", data: {grant_type: client_credentials, client_secret: "{{ keychain.managed.pin }}"}, auto_renew: true}
- {name: identity, kind: google_id_token, target_audience: "https://service", service_account_credential: robot}
- {name: own, type: bearer, token: "{{ keychain.managed.pin }}", scope: global}`;
    const lengths = ['managed.pin', 'granted.access_token', 'identity.id_token', 'own.token']
      .map((entry) => `"{{ keychain.${entry} }}"`)
      .join(', ');
    const steps = `- step: start
  tool: {kind: python, input: {all: [${lengths}]}, code: "result = {'starts': [text[:3] for text in all], 'all': all}"}`;
    const { error, result } = await ring.run(await ring.register(document('secrets/kinds', steps, keychain)));
    expect([error, result]).toEqual([
      null,
      { starts: ['sm-', 'at-', 'id-', 'sm-'], all: ['[REDACTED]', '[REDACTED]', '[REDACTED]', '[REDACTED]'] },
    ]);
    const [claims] = asserted.map((assertion) => assertion.split('.')[1] ?? '');
    expect(JSON.parse(Buffer.from(claims ?? '', 'base64url').toString())).toMatchObject({
      iss: 'robot@p',
      aud: `${url}/identity`,
      target_audience: 'https://service',
    });
    expect(tokenRequests.at(-1)).toContain('client_secret=sm-0a1b2c3d4e');
  });
});

describe('what is stored on the way holds no secret', () => {
  const keychain = 'keychain: [{name: echo, kind: credential, credential: echo}]';

  test('pages of large results', async () => {
    const steps = `- step: start
  tool: {kind: python, input: {token: "{{ keychain.echo.token }}"}, code: "result = {'rows': [token] * 9000, 'n': 9000}"}
  next: {arcs: [{step: end}]}
- {step: end, tool: {kind: noop, result: "{{ start.rows[8999] }}"}}`;
    const { status, result } = await ring.run(
      await ring.register(document('secrets/pages', steps, keychain)),
    );
    expect([status, result]).toEqual(['COMPLETED', '[REDACTED]']);
  });

  test('values that an artifact keeps', async () => {
    const steps = `- {step: start, tool: {kind: artifact, action: put, input: {data: {token: "{{ keychain.echo.token }}"}}}, next: {arcs: [{step: end}]}}
- {step: end, tool: {kind: artifact, input: {ref: "{{ start.ref }}"}}}`;
    const { result } = await ring.run(await ring.register(document('secrets/kept', steps, keychain)));
    expect(result).toEqual({ token: '[REDACTED]' });
  });

  test('inputs of children, and what a parent has done so far while it waits', async () => {
    await ring.register(
      document('secrets/child', '- {step: start, tool: {kind: noop, result: "{{ token }}/{{ plain }}"}}'),
    );
    const steps = `- step: start
  tool:
    - {name: asked, kind: http, url: "${url}/", auth: echo}
    - {name: child, kind: playbook, path: secrets/child, return_result: true, input: {token: "{{ keychain.echo.token }}", plain: "{{ asked.status_code }}"}}
    - {name: last, kind: noop, result: {given: "{{ child }}", echo: "{{ asked.data.echo }}"}}`;
    const { status, result } = await ring.run(
      await ring.register(document('secrets/parent', steps, keychain)),
    );
    expect([status, result]).toMatchObject([
      'COMPLETED',
      { given: '[REDACTED]/200', echo: 'Bearer [REDACTED]' },
    ]);
  });

  test('but facts beside a secret are no secrets', async () => {
    await save({
      name: 'database',
      type: 'postgres',
      data: { db_host: 'warehouse', db_user: 'reader', db_password: 'pw-0123456789' },
    });
    const steps = `- step: start
  tool: {kind: noop, result: {host: "{{ keychain.db.db_host }}", user: "{{ keychain.db.db_user }}", password: "{{ keychain.db.db_password }}"}}`;
    const { result } = await ring.run(
      await ring.register(
        document('secrets/facts', steps, 'keychain: [{name: db, kind: credential, credential: database}]'),
      ),
    );
    expect(result).toEqual({ host: 'warehouse', user: 'reader', password: '[REDACTED]' });
  });
});

test('no secret is in any table or log', async () => {
  const stored = await everythingStored();
  for (const secret of [
    TOKEN,
    CLIENT_SECRET,
    'at-1-0123456789',
    'pw-0123456789',
    'sm-0a1b2c3d4e',
    'id-5f6a7b8c9d',
  ]) {
    expect([secret, stored.includes(secret)]).toEqual([secret, false]);
    expect(stored.includes(Buffer.from(secret).toString('base64'))).toBe(false);
  }
});
