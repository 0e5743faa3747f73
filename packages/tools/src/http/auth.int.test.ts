/** Credentials of the http tool, as servers see them. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { NoetlError, type JsonObject } from '@noetl/protocol';
import { runBatch } from '../harness.ts';
import { createToolbox, type Credential, type Toolbox, type ToolOutcome } from '../index.ts';
import { json, startServer, type Asked, type TestServer } from './test-server.ts';

let toolbox: Toolbox;
let server: TestServer;
let issuer: TestServer;
/** Fields of the tokens that the issuer gives. */
let given: JsonObject = {};
let refuse = false;

beforeAll(async () => {
  server = await startServer((_, response) => {
    json(response, {}, refuse ? 401 : 200);
  });
  issuer = await startServer((_, response) => {
    json(response, { access_token: `t${String(issuer.asked.length)}`, expires_in: 3600, ...given });
  });
});

afterAll(async () => {
  await Promise.all([server.close(), issuer.close()]);
});

beforeEach(() => {
  toolbox = createToolbox({ runners: 1 });
  server.asked.length = 0;
  issuer.asked.length = 0;
  given = {};
  refuse = false;
});

afterEach(() => toolbox.close());

const stored: Record<string, Credential> = {
  bearer: { name: 'bearer', type: 'bearer', data: { token: 't0' } },
};

const credentials = (name: string): Promise<Credential> => {
  const found = stored[name];
  return found ? Promise.resolve(found) : Promise.reject(new NoetlError('CREDENTIAL_UNKNOWN', `no ${name}`));
};

async function ask(config: JsonObject, signal = new AbortController().signal): Promise<ToolOutcome> {
  const environment = { credentials, signal };
  const options = { config: { url: server.url, ...config }, environment };
  const [outcome] = await runBatch(toolbox, 'http', '', [{}], options);
  return outcome as ToolOutcome;
}

async function sent(config: JsonObject): Promise<Asked> {
  expect(await ask(config)).toMatchObject({ status: 'ok' });
  return server.asked.at(-1) as Asked;
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('kinds', () => {
  test.each<[string, JsonObject | string, JsonObject]>([
    ['the name of a credential', 'bearer', { authorization: 'Bearer t0' }],
    ['its name in a mapping', { credential: 'bearer' }, { authorization: 'Bearer t0' }],
    [
      'its name under a label',
      { api: { type: 'bearer', credential: 'bearer' } },
      { authorization: 'Bearer t0' },
    ],
    ['bearer', { type: 'bearer', token: 't' }, { authorization: 'Bearer t' }],
    ['basic', { type: 'basic', username: 'ü', password: 'p:q' }, { authorization: basic('ü:p:q') }],
    ['http_basic without a password', { type: 'http_basic', user: 'u' }, { authorization: basic('u:') }],
    ['api_key', { type: 'api_key', api_key: 'k' }, { 'x-api-key': 'k' }],
    ['api-key with a header', { type: 'api-key', value: 'k', header_name: 'X-K' }, { 'x-k': 'k' }],
    ['header', { type: 'header', headers: { 'X-A': 'a', 'X-B': 1 } }, { 'x-a': 'a', 'x-b': '1' }],
    ['fields alone: token', { type: 'generic', token: 't' }, { authorization: 'Bearer t' }],
    ['fields alone: key', { api_key: 'k' }, { 'x-api-key': 'k' }],
    ['fields alone: user', { username: 'u', password: 'p' }, { authorization: basic('u:p') }],
  ])('%s', async (_, auth, headers) => {
    expect((await sent({ auth })).headers).toMatchObject(headers);
  });

  test('a key in the query is not told', async () => {
    const auth = { type: 'api_key', api_key: 'secret', in: 'query', param: 'appid' };
    refuse = true;
    const outcome = await ask({ auth, url: `${server.url}/?a=1` });
    expect(server.asked[0]?.query).toEqual([
      ['a', '1'],
      ['appid', 'secret'],
    ]);
    expect(JSON.stringify(outcome)).toContain('appid=***');
    expect(JSON.stringify(outcome)).not.toContain('secret');
  });

  test.each<[JsonObject | string, string]>([
    ['unknown', 'CREDENTIAL_UNKNOWN'],
    [{ type: 'bearer', other: 1 }, 'TOOL_CONFIG'],
    [{ type: 'kerberos', a: 1 }, 'TOOL_CONFIG'],
    [{ type: 'bearer', token: 'line\nbreak' }, 'TOOL_CONFIG'],
  ])('%j is refused', async (auth, code) => {
    const outcome = await ask({ auth });
    expect(outcome).toMatchObject({ status: 'error', error: { code } });
    expect(JSON.stringify(outcome)).not.toContain('break');
    expect(server.asked).toEqual([]);
  });
});

describe('oauth2', () => {
  const auth = (): JsonObject => ({
    type: 'oauth2_client_credentials',
    token_url: `${issuer.url}/token`,
    client_id: 'i',
    client_secret: 's&',
    scope: 'a b',
  });
  const tokens = (): unknown[] => server.asked.map(({ headers }) => headers['authorization']);

  test('client credentials; the token is used again', async () => {
    await sent({ auth: auth() });
    await sent({ auth: auth() });
    expect(tokens()).toEqual(['Bearer t1', 'Bearer t1']);
    expect(issuer.asked).toHaveLength(1);
    expect(issuer.asked[0]).toMatchObject({
      method: 'POST',
      path: '/token',
      body: 'grant_type=client_credentials&client_id=i&client_secret=s%26&scope=a+b',
    });
  });

  test('many at once ask for one token', async () => {
    await Promise.all(Array.from({ length: 20 }, () => sent({ auth: auth() })));
    expect(issuer.asked).toHaveLength(1);
    expect(new Set(tokens())).toEqual(new Set(['Bearer t1']));
  });

  test('one that ends soon is renewed before that', async () => {
    given = { expires_in: 0.4 };
    await sent({ auth: auth() });
    const startedAt = performance.now();
    while (issuer.asked.length < 2 && performance.now() - startedAt < 5_000) await sent({ auth: auth() });
    expect(performance.now() - startedAt).toBeLessThan(400);
    expect(tokens().at(-1)).toBe('Bearer t2');
  });

  test('one that the server refuses is not used again', async () => {
    refuse = true;
    await ask({ auth: auth() });
    refuse = false;
    await sent({ auth: auth() });
    expect(tokens()).toEqual(['Bearer t1', 'Bearer t2']);
  });

  test('who asked first may go: the others get their token', async () => {
    const aborter = new AbortController();
    const gone = ask({ auth: auth() }, aborter.signal);
    const waiting = sent({ auth: auth() });
    aborter.abort(new Error('enough'));
    await expect(gone).rejects.toThrow('enough');
    expect((await waiting).headers['authorization']).toBe('Bearer t1');
  });

  test('an issuer without a token is asked again the next time', async () => {
    given = { access_token: null };
    expect(await ask({ auth: auth() })).toMatchObject({ status: 'error', error: { kind: 'auth' } });
    given = {};
    expect((await sent({ auth: auth() })).headers['authorization']).toBe('Bearer t2');
  });
});
