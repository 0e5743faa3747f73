/** Programs kept elsewhere: inline, in the folder of scripts, behind HTTP; and what is refused. */
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '@noetl/protocol';
import { runBatch, told } from './harness.ts';
import { startServer, type TestServer } from './http/test-server.ts';
import { createToolbox, type Toolbox } from './index.ts';

let toolbox: Toolbox;
let bare: Toolbox;
let server: TestServer;
let place: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'scripts-'));
  const scriptsDir = join(place, 'scripts');
  await mkdir(join(scriptsDir, 'deep'), { recursive: true });
  await writeFile(join(scriptsDir, 'deep', 'add.py'), 'result = n + 1');
  await writeFile(join(scriptsDir, '..odd.py'), 'result = "odd"');
  await writeFile(join(place, 'secret.py'), 'result = "secret"');
  await symlink(join(place, 'secret.py'), join(scriptsDir, 'link.py'));
  toolbox = createToolbox({ runners: 1, scriptsDir });
  bare = createToolbox({ runners: 1 });
  server = await startServer(({ path, headers }, response) => {
    const known = path === '/lib/add.py' && headers.authorization === 'Bearer t-123';
    response.writeHead(known ? 200 : 404, { 'content-type': 'text/plain' });
    response.end(known ? 'result = n + 2' : 'no');
  });
});

afterAll(async () => {
  await toolbox.close();
  await bare.close();
  await server.close();
  await rm(place, { recursive: true });
});

async function run(script: Json, tools: Toolbox = toolbox): Promise<unknown> {
  const credentials = (name: string) => Promise.resolve({ name, type: 'bearer', data: { token: 't-123' } });
  const config: JsonObject = { code: 'result = "the code beside it"', script };
  const outcomes = await runBatch(tools, 'python', '', [{ n: 40 }], { config, environment: { credentials } });
  return told(outcomes)[0];
}

describe('a script', () => {
  test.each<[string, Json, unknown]>([
    ['is text', 'result = n', 40],
    ['is inline, before `code`', { source: { type: 'inline', code: 'result = n * 2' } }, 80],
    ['is a file', { uri: 'deep/add.py', source: { type: 'file' } }, 41],
    ['is a file by its URL', { uri: 'file://deep/add.py' }, 41],
    ['has a name that begins with dots', { uri: '..odd.py' }, 'odd'],
  ])('%s', async (_, script, expected) => {
    expect(await run(script)).toEqual(expected);
  });

  test('comes over HTTP, with the credential that it names', async () => {
    const source = { type: 'http', endpoint: `${server.url}/lib`, auth: 'repo' };
    expect(await run({ uri: 'add.py', source })).toBe(42);
  });
});

describe('refused is', () => {
  test.each<[string, Json, string]>([
    ['a way out of the folder', { uri: '../secret.py' }, 'TOOL_CONFIG'],
    ['an absolute path', { uri: '/etc/passwd' }, 'TOOL_CONFIG'],
    ['a link that leads out of it', { uri: 'link.py' }, 'TOOL_CONFIG'],
    ['a folder', { uri: 'deep' }, 'TOOL_FAILED'],
    ['a file that is not there', { uri: 'none.py' }, 'TOOL_FAILED'],
    ['a source out of reach', { uri: 'gs://b/x.py', source: { type: 'gcs' } }, 'TOOL_UNAVAILABLE'],
    ['what is no script', [1], 'TOOL_CONFIG'],
  ])('%s', async (_, script, code) => {
    expect(await run(script)).toBe(code);
  });

  test('an answer that is an error', async () => {
    expect(await run({ uri: `${server.url}/none.py` })).toBe('HTTP_STATUS');
  });

  test('a file where no folder is configured', async () => {
    expect(await run({ uri: 'deep/add.py' }, bare)).toBe('TOOL_UNAVAILABLE');
  });
});
