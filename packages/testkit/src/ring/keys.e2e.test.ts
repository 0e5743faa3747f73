/**
 * The master key is changed while a loop uses a credential, and whoever changes it is killed in the middle. Afterwards
 * everything opens without the old key, and the loop has lost nothing.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectStore, createSealer, readCredential, saveCredential, type Store } from '@noetl/store';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { startProbeServer, type ProbeServer } from '../probe-server.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url));
const [OLD, NEW] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
const CREDENTIALS = 60;
const ITEMS = 60;
/** The row at which the first rotation is stopped. */
const BLOCKED = 30;

let keys = OLD;
let server: ProbeServer;
let platform: TestPlatform;
let ring: RingClient;
let store: Store;
/** Opens the way for the items of the loop. */
let open: () => void = () => undefined;
const opened = new Promise<void>((resolve) => (open = resolve));

beforeAll(async () => {
  server = await startProbeServer({
    item: async (_, response) => {
      await opened;
      response.end('{}');
    },
  });
  platform = await startPlatform({
    workers: 1,
    env: { NOETL_HEARTBEAT_MS: '700', NOETL_LEASE_MS: '2500', NOETL_CHUNK_ACK_WAIT_MS: '2500' },
    envOf: () => ({ NOETL_ENCRYPTION_KEY: keys }),
  });
  ring = await RingClient.connect(platform);
  store = connectStore({
    url: platform.databaseUrl,
    maxConnections: 2,
    applicationName: 'test',
    onError: () => undefined,
  });
  const sealer = createSealer([OLD]);
  for (let n = 0; n < CREDENTIALS; n += 1)
    await saveCredential(store, sealer, {
      name: `c${String(n)}`,
      type: 'generic',
      data: { value: `v${String(n)}` },
    });
  await saveCredential(store, sealer, { name: 'used', type: 'bearer', data: { token: 'tok-0123456789' } });
});

afterAll(async () => {
  await store.close();
  await ring.close();
  await platform.stop();
  await server.stop();
});

interface Status {
  remaining: number;
  rewrapped?: number;
  keys: { kek_id: string; credentials: number; known: boolean }[];
}

/** `noetl keys …` with the keys that the processes have now. */
function environment(): NodeJS.ProcessEnv {
  const { databaseUrl, natsUrl } = platform;
  return {
    ...process.env,
    NODE_OPTIONS: '',
    DATABASE_URL: databaseUrl,
    NATS_URL: natsUrl,
    NOETL_ENCRYPTION_KEY: keys,
  };
}

async function noetlKeys(...args: string[]): Promise<{ code: number; told: Status }> {
  const command = run(process.execPath, [MAIN, 'keys', ...args, '--json'], { env: environment() });
  const { stdout, code } = await command.then(
    (done) => ({ stdout: done.stdout, code: 0 }),
    (error: unknown) => error as { stdout: string; code: number },
  );
  return { code, told: JSON.parse(stdout) as Status };
}

async function restartAll(): Promise<void> {
  for (const name of ['api', 'worker-1']) {
    await platform.kill(name);
    await platform.restart(name);
  }
}

test('a key can be changed at any moment', async () => {
  const path = await ring.register(`apiVersion: noetl.io/v2
kind: Playbook
metadata: {name: x, path: keys/loop}
workflow:
- step: items
  loop: {in: "{{ range(${String(ITEMS)}) }}", iterator: n, spec: {mode: parallel, max_in_flight: 4}}
  tool: {kind: http, url: "${server.url}/item?n={{ n }}", auth: used}`);
  const id = await ring.execute(path);
  await waitFor(() => server.probe('item').active > 0, { what: 'the first items' });
  keys = `${NEW},${OLD}`;
  await restartAll();
  const before = await noetlKeys('status');
  expect([before.code, before.told.remaining]).toEqual([1, CREDENTIALS + 1]);

  await killedHalfway();
  const halfway = await noetlKeys('status');
  expect(halfway.code).toBe(1);
  expect(halfway.told.remaining).toBeGreaterThan(0);
  expect(halfway.told.remaining).toBeLessThan(CREDENTIALS);

  const rest = await noetlKeys('rotate', '--batch', '10');
  expect([rest.code, rest.told.remaining]).toEqual([0, 0]);
  expect(rest.told.rewrapped).toBe(halfway.told.remaining);
  expect((await noetlKeys('status')).told.keys).toMatchObject([
    { credentials: CREDENTIALS + 1, known: true },
    { credentials: 0, known: true },
  ]);

  keys = NEW;
  await restartAll();
  open();
  const ended = await ring.ended(id);
  expect([ended.status, ended.error]).toEqual(['COMPLETED', null]);
  for (let n = 0; n < CREDENTIALS; n += 1)
    expect((await readCredential(store, createSealer([NEW]), `c${String(n)}`))?.data).toEqual({
      value: `v${String(n)}`,
    });
}, 180_000);

/** Somebody holds a row, so the rotation stands there when it is killed. */
async function killedHalfway(): Promise<void> {
  const holder = new pg.Client({ connectionString: platform.databaseUrl });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT 1 FROM noetl.credential WHERE name = $1 FOR UPDATE', [`c${String(BLOCKED)}`]);
  const child = spawn(process.execPath, [MAIN, 'keys', 'rotate', '--batch', '5'], {
    env: environment(),
    stdio: 'ignore',
  });
  const gone = once(child, 'exit');
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'noetl-keys'`;
  await waitFor(async () => (await ring.sql(waiting)).length === 1, { what: 'the rotation at the row' });
  child.kill('SIGKILL');
  await gone;
  await holder.query('ROLLBACK');
  await holder.end();
  // Its last statement was on its way already, and is done before anybody looks.
  const left = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'noetl-keys'`;
  await waitFor(async () => (await ring.sql(left)).length === 0, { what: 'the end of its connection' });
}
