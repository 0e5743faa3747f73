/** The http tool and TLS: certificates that nobody vouches for, and certificates of clients. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket, type PeerCertificate } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { JsonObject } from '@noetl/protocol';
import { runBatch } from '../harness.ts';
import { createToolbox, type Toolbox, type ToolOutcome } from '../index.ts';
import { json, startServer, type TestServer } from './test-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'tls-'));
const ofServer = certificate('server', ['-addext', 'subjectAltName=IP:127.0.0.1']);
const ofClient = certificate('client', []);

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

function certificate(name: string, more: string[]): { key: string; cert: string } {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const about = ['-days', '1', '-subj', `/CN=${name}`, '-keyout', key, '-out', cert];
  execFileSync('openssl', [...made, ...about, ...more], { stdio: 'ignore' });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

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
