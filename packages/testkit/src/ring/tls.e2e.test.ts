/**
 * The product over TLS: PostgreSQL and NATS take nothing else, NATS asks for a certificate as well. Whoever does not
 * know the authority, or has no certificate, does not get in; nobody falls back to a plain connection.
 */
import { mkdirSync } from 'node:fs';
import { chown, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectBus } from '@noetl/bus';
import { Child, freePort, natsProgram, TOOLS } from '@noetl/cli/local';
import pg from 'pg';
import { makeCertificate, type Certificate } from '../certificates.ts';
import { startTestNats } from '../nats.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { startOwnPostgres } from '../postgres.ts';
import { endWithRun, oncePerRun, runFolder, uniqueName } from '../run-folder.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';
import { exactLoop, expectExactLoop } from './exact-loop.ts';

const ITEMS = 1_000;
const folder = join(runFolder(), uniqueName('tls'));
const ends: (() => Promise<unknown>)[] = [];
let server: Certificate;
let client: Certificate;
let stranger: Certificate;
let databaseUrl: string;
let natsUrl: string;

beforeAll(async () => {
  mkdirSync(folder);
  server = makeCertificate(folder, 'server');
  client = makeCertificate(folder, 'client');
  stranger = makeCertificate(folder, 'stranger');
  databaseUrl = await startPostgres();
  natsUrl = await startNats();
});

afterAll(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Its URL, without a word of TLS. */
async function startPostgres(): Promise<string> {
  const postgres = await startOwnPostgres();
  ends.push(() => postgres.remove());
  const owner = new pg.Client({ connectionString: postgres.url });
  await owner.connect();
  const { rows } = await owner.query<{ data: string }>("SELECT current_setting('data_directory') AS data");
  const data = String(rows[0]?.data);
  const { uid, gid } = await stat(data);
  for (const [name, text] of [
    ['server.crt', server.cert],
    ['server.key', server.key],
    ['pg_hba.conf', 'hostssl all all 127.0.0.1/32 scram-sha-256\n'],
  ] as const) {
    await writeFile(join(data, name), text, { mode: 0o600 });
    await chown(join(data, name), uid, gid);
  }
  await owner.query('ALTER SYSTEM SET ssl = on');
  await owner.query('SELECT pg_reload_conf()');
  await owner.end();
  return postgres.url;
}

async function startNats(): Promise<string> {
  const { path } = await oncePerRun('nats-server', () => natsProgram(TOOLS));
  const port = await freePort();
  const file = join(folder, 'nats.conf');
  const files = { cert_file: server.certFile, key_file: server.keyFile, ca_file: client.certFile };
  const tls = Object.entries(files).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  await writeFile(
    file,
    `host: "127.0.0.1"
port: ${String(port)}
jetstream { store_dir: ${JSON.stringify(join(folder, 'jetstream'))} }
tls { ${tls.join(', ')}, verify: true }
`,
  );
  const child = await Child.start({ command: path, args: ['-c', file], logFile: join(folder, 'nats.log') });
  endWithRun(child.pid);
  ends.push(() => child.stop('SIGKILL', 'SIGKILL', 0));
  await waitFor(() => child.logTail(50).includes('Server is ready'), { what: 'nats-server' });
  // The client looks for the name of the server in its certificate, never for its address.
  return `tls://localhost:${String(port)}`;
}

function verified(authority: Certificate): string {
  return `${databaseUrl}?sslmode=verify-full&sslrootcert=${encodeURIComponent(authority.certFile)}`;
}

function withFiles(authority: Certificate, own?: Certificate): Record<string, string> {
  return {
    NATS_TLS_CA: authority.certFile,
    ...(own && { NATS_TLS_CERT: own.certFile, NATS_TLS_KEY: own.keyFile }),
  };
}

test('a loop runs, and every connection is encrypted', async () => {
  const platform: TestPlatform = await startPlatform({
    workers: 2,
    roles: false,
    postgres: { url: verified(server) },
    nats: { url: natsUrl },
    env: withFiles(server, client),
  });
  ends.push(() => platform.stop());
  const tls = { caFile: server.certFile, certFile: client.certFile, keyFile: client.keyFile };
  const ring = await RingClient.connect(platform, tls);
  ends.push(() => ring.close());
  const id = await ring.execute(await ring.register(exactLoop('tls', { items: ITEMS, ms: 0 })));
  await expectExactLoop(ring, id, ITEMS);
  const rows = await ring.sql(
    `SELECT DISTINCT application_name AS name, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
     WHERE application_name LIKE 'noetl%' ORDER BY 1`,
  );
  expect(rows).toEqual(['aggregator', 'api', 'worker'].map((name) => ({ name: `noetl-${name}`, ssl: true })));
}, 90_000);

test.each([
  ['of a plain connection', () => databaseUrl],
  ['of an authority that does not know the server', () => verified(stranger)],
])('PostgreSQL hears nothing %s', async (_, url) => {
  const asking = new pg.Client({ connectionString: url() });
  await expect(asking.connect()).rejects.toThrow(/no encryption|certificate/);
});

test.each([
  ['whoever shows no certificate', () => ({ caFile: server.certFile })],
  ['a certificate of somebody else', () => ({ caFile: server.certFile, ...filesOf(stranger) })],
  ['an authority that does not know it', () => ({ caFile: stranger.certFile, ...filesOf(client) })],
])('NATS refuses %s', async (_, tls) => {
  await expect(connectBus({ url: natsUrl, name: 'stranger', tls: tls() })).rejects.toThrow('NATS');
});

test('what asks for TLS talks to no server without it', async () => {
  const plain = await startTestNats({ open: true });
  ends.push(() => plain.stop());
  const url = plain.url.replace('nats://', 'tls://');
  await expect(connectBus({ url, name: 'careful' })).rejects.toThrow('NATS');
});

function filesOf({ certFile, keyFile }: Certificate): { certFile: string; keyFile: string } {
  return { certFile, keyFile };
}
