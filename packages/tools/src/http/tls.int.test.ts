/** The http tool and TLS: certificates that nobody vouches for, and certificates of clients. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket, type PeerCertificate } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { JsonObject } from '@noetl/protocol';
import { makeCertificate } from '@noetl/testkit';
import { runBatch } from '../harness.ts';
import { createToolbox, type Toolbox, type ToolOutcome } from '../index.ts';
import { json, startServer, type TestServer } from './test-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'tls-'));
const ofServer = makeCertificate(folder, 'server');
const ofClient = makeCertificate(folder, 'client');

let toolbox: Toolbox;
let server: TestServer;

beforeAll(async () => {
  server = await startServer(
    (_, response, { socket }) => {
      const shown: Partial<PeerCertificate> = socket instanceof TLSSocket ? socket.getPeerCertificate() : {};
      json(response, { client: shown.subject?.CN ?? null });
    },
    { ...ofServer, ca: ofClient.cert, requestCert: true, rejectUnauthorized: false },
  );
  toolbox = createToolbox({ runners: 1 });
});

afterAll(async () => {
  await toolbox.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

async function ask(config: JsonObject): Promise<ToolOutcome> {
  const [outcome] = await runBatch(toolbox, 'http', '', [{}], { config: { url: server.url, ...config } });
  return outcome as ToolOutcome;
}

test('a self-signed certificate is refused', async () => {
  expect(await ask({})).toMatchObject({
    status: 'error',
    error: {
      code: 'HTTP_FAILED',
      kind: 'connection',
      retryable: false,
      details: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    },
  });
});

test.each<[string, JsonObject, string | null]>([
  ['verify_ssl: false', { verify_ssl: false }, null],
  ['verify: "False", as templates print it', { verify: 'False' }, null],
  ['its authority is given', { ca: ofServer.cert }, null],
  ['a client certificate', { ca: ofServer.cert, cert: ofClient.cert, key: ofClient.key }, 'client'],
])('accepted: %s', async (_, config, client) => {
  const outcome = await ask(config);
  expect(outcome).toMatchObject({ status: 'ok' });
  expect(JSON.parse(outcome.text ?? '')).toMatchObject({ data: { client } });
});

test('another authority does not do', async () => {
  expect(await ask({ ca: ofClient.cert })).toMatchObject({ status: 'error', error: { kind: 'connection' } });
});

test('what is no certificate does not work later either', async () => {
  expect(await ask({ ca: ofServer.cert, cert: 'none', key: 'none' })).toMatchObject({
    status: 'error',
    error: { code: 'HTTP_FAILED', retryable: false },
  });
});
