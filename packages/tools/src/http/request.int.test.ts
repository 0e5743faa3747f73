/** What the http tool sends, as a real server sees it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { JsonObject } from '@noetl/protocol';
import { runBatch } from '../harness.ts';
import { createToolbox, type Toolbox } from '../index.ts';
import { json, startServer, type Asked, type TestServer } from './test-server.ts';

let toolbox: Toolbox;
let server: TestServer;

beforeAll(async () => {
  server = await startServer((_, response) => {
    json(response, {});
  });
  toolbox = createToolbox({ runners: 1, httpHosts: { 'http://known.example': server.url } });
});

afterAll(async () => {
  await toolbox.close();
  await server.close();
});

beforeEach(() => {
  server.asked.length = 0;
});

/** The request that the server got. */
async function sent(config: JsonObject): Promise<Asked> {
  const [outcome] = await runBatch(toolbox, 'http', '', [{}], { config: { url: server.url, ...config } });
  expect(outcome).toMatchObject({ status: 'ok' });
  expect(server.asked).toHaveLength(1);
  return server.asked[0] as Asked;
}

async function refused(config: JsonObject): Promise<string> {
  const [outcome] = await runBatch(toolbox, 'http', '', [{}], { config: { url: server.url, ...config } });
  if (outcome?.status !== 'error') throw new Error('the request was not refused');
  expect(outcome.error.code).toBe('TOOL_CONFIG');
  expect(server.asked).toEqual([]);
  return outcome.error.message;
}

describe('method and address', () => {
  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'])('%s', async (method) => {
    expect(await sent({ method: method.toLowerCase() })).toMatchObject({ method, path: '/', body: '' });
  });

  test('GET is the default; endpoint is another name of url', async () => {
    expect(await sent({ url: null, endpoint: `${server.url}/a/b?c=d` })).toMatchObject({
      method: 'GET',
      path: '/a/b',
      query: [['c', 'd']],
    });
  });

  test('a host that is reached at another address', async () => {
    expect(await sent({ url: 'http://known.example/x?y=1' })).toMatchObject({
      path: '/x',
      query: [['y', '1']],
    });
  });

  test.each<[JsonObject, RegExp]>([
    [{ method: 'FETCH' }, /"FETCH"/],
    [{ method: 'GET /x' }, /method/],
    [{ url: 'nothing' }, /"nothing"/],
    [{ url: 'ftp://a/b' }, /ftp/],
    [{ url: 'file:///etc/passwd' }, /file/],
    [{ url: '' }, /url/],
    [{ headers: { 'a b': '1' } }, /"a b"/],
    [{ headers: { a: 'line\nbreak' } }, /"a"/],
    [{ headers: 'a: b' }, /headers/],
    [{ params: 'a=b' }, /params/],
  ])('%j is refused', async (config, message) => {
    expect(await refused(config)).toMatch(message);
  });
});

describe('query', () => {
  test('lists are repeated, null is left out, numbers and booleans are texts', async () => {
    const params = { l: [1, 'b', true], n: null, i: 10, f: 1.5, b: false, s: 'ä &=?', e: '' };
    expect((await sent({ url: `${server.url}/?kept=1`, params })).query).toEqual([
      ['kept', '1'],
      ['l', '1'],
      ['l', 'b'],
      ['l', 'true'],
      ['i', '10'],
      ['f', '1.5'],
      ['b', 'false'],
      ['s', 'ä &=?'],
      ['e', ''],
    ]);
  });

  test.each(['GET', 'DELETE'])('data of %s goes to the query', async (method) => {
    expect(await sent({ method, data: { a: 1 }, params: { b: 2 } })).toMatchObject({
      query: [
        ['b', '2'],
        ['a', '1'],
      ],
      body: '',
    });
  });

  test('data.query and data.body', async () => {
    const asked = await sent({ method: 'POST', data: { query: { a: 1 }, body: { b: 2 } } });
    expect(asked).toMatchObject({ query: [['a', '1']], body: '{"b":2}' });
    expect(asked.headers['content-type']).toBe('application/json');
  });
});

describe('headers', () => {
  test('numbers and booleans are texts, null is left out', async () => {
    const { headers } = await sent({ headers: { 'X-A': 1, 'x-b': true, 'x-c': null, Accept: 'text/plain' } });
    expect(headers).toMatchObject({ 'x-a': '1', 'x-b': 'true', accept: 'text/plain' });
    expect(headers['x-c']).toBeUndefined();
  });
});

describe('body', () => {
  test.each(['json', 'payload', 'body', 'data'])('%s is sent as JSON', async (key) => {
    const asked = await sent({ method: 'POST', [key]: { a: ['ä', null, 1] } });
    expect(asked.body).toBe('{"a":["ä",null,1]}');
    expect(asked.headers['content-type']).toBe('application/json');
  });

  test('lists, numbers and false are JSON, too', async () => {
    expect((await sent({ method: 'POST', json: [1] })).body).toBe('[1]');
    server.asked.length = 0;
    expect((await sent({ method: 'PUT', json: false })).body).toBe('false');
    server.asked.length = 0;
    expect((await sent({ method: 'PUT', body: 0 })).body).toBe('0');
  });

  test('a text is sent as it is', async () => {
    const asked = await sent({ method: 'POST', body: 'a,b\n1,2', headers: { 'content-type': 'text/csv' } });
    expect(asked.body).toBe('a,b\n1,2');
    expect(asked.headers['content-type']).toBe('text/csv');
  });

  test('a text under json is JSON', async () => {
    const asked = await sent({ method: 'POST', json: 'word' });
    expect(asked.body).toBe('"word"');
    expect(asked.headers['content-type']).toBe('application/json');
  });

  test('JSON text under json or payload, as templates print it, is not quoted again', async () => {
    const asked = await sent({ method: 'POST', json: '{"a": 1}' });
    expect(asked.body).toBe('{"a": 1}');
    expect(asked.headers['content-type']).toBe('application/json');
  });

  test('DELETE has a body under json', async () => {
    expect(await sent({ method: 'DELETE', json: { a: 1 } })).toMatchObject({ body: '{"a":1}', query: [] });
  });

  test('form', async () => {
    const asked = await sent({ method: 'POST', form: { a: 'ä b', n: null, l: [1, 2] } });
    expect([...new URLSearchParams(asked.body)]).toEqual([
      ['a', 'ä b'],
      ['l', '1'],
      ['l', '2'],
    ]);
    expect(asked.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
  });

  test('a mapping with a form content type is form-encoded', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    expect((await sent({ method: 'POST', headers, data: { a: 1, b: 'c&d' } })).body).toBe('a=1&b=c%26d');
  });

  test('files', async () => {
    const files = {
      one: 'text',
      two: { filename: 'b.bin', content_base64: 'AAEC', content_type: 'application/x-b' },
    };
    const { headers, body } = await sent({ method: 'POST', files, form: { note: 'hi', none: null } });
    expect(headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(body).toContain('name="note"\r\n\r\nhi\r\n');
    expect(body).not.toContain('name="none"');
    expect(body).toContain('name="one"; filename="one"');
    expect(body).toContain(
      'name="two"; filename="b.bin"\r\nContent-Type: application/x-b\r\n\r\n\0\u0001\u0002\r\n',
    );
  });

  test('files with a content type written out: the boundary is still told', async () => {
    const headers = { 'Content-Type': 'multipart/form-data' };
    const asked = await sent({ method: 'POST', headers, files: { a: 'x' } });
    expect(asked.headers['content-type']).toMatch(/boundary=/);
  });
});
