/**
 * The two figures by which KEDA scales workers, computed as it does from what stands in the manifest: by a login that may
 * only read, and from the monitoring address of nats-server. They rise with the backlog and fall to zero after it.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { onDatabase } from '@noetl/cli/local';
import { grantPrivileges, makeLogins } from '@noetl/store';
import pg from 'pg';
import { parseAllDocuments } from 'yaml';
import { startPlatform, startTestNats, startTestPostgres, waitFor, type TestPlatform } from '../index.ts';
import { RingClient } from './client.ts';

const MANIFEST = new URL('../../../../deploy/kubernetes/overlays/keda/scaled-objects.yaml', import.meta.url);
const STEPS = 12;
const READER = 'keda_of_test';

interface Trigger {
  name: string;
  metadata: Record<string, string>;
}

const [scaled] = parseAllDocuments(readFileSync(MANIFEST, 'utf8')).map(
  (document) => document.toJS() as { spec: { triggers: Trigger[] } },
);
const ends: (() => Promise<unknown>)[] = [];
let platform: TestPlatform;
let ring: RingClient;
let reader: pg.Client;
let monitorUrl: string;

beforeAll(async () => {
  const postgres = await startTestPostgres();
  const nats = await startTestNats();
  ({ monitorUrl } = nats);
  platform = await startPlatform({ workers: 0, postgres, nats });
  ring = await RingClient.connect(platform);
  await onDatabase(postgres.url, 'test', async (store) => {
    await grantPrivileges(store);
    await makeLogins(store, [{ name: READER, password: READER, role: 'reader' }]);
  });
  const login = new URL(postgres.url);
  login.username = READER;
  login.password = READER;
  reader = new pg.Client({ connectionString: login.href });
  await reader.connect();
  ends.push(
    () => postgres.stop(),
    () => nats.stop(),
    () => platform.stop(),
    () => ring.close(),
    () => reader.end(),
  );
});

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

function trigger(name: string): Record<string, string> {
  const found = scaled?.spec.triggers.find((one) => one.name === name);
  if (!found) throw new Error(`the manifest has no trigger ${name}`);
  return found.metadata;
}

async function chunksRemaining(): Promise<number> {
  const { rows } = await reader.query<Record<string, number>>(trigger('chunks-remaining')['query'] as string);
  return Number(Object.values(rows[0] ?? {})[0]);
}

interface Jsz {
  account_details?: {
    name: string;
    stream_detail?: {
      name: string;
      consumer_detail?: { name: string; num_pending: number; num_ack_pending: number }[];
    }[];
  }[];
}

/** What has not been delivered, and what has not been acknowledged; KEDA adds both. */
async function stepsWaiting(): Promise<number> {
  const { account, stream, consumer } = trigger('steps-waiting');
  const answer = await fetch(`${monitorUrl}/jsz?acc=${account ?? ''}&consumers=true&config=true`);
  const { account_details = [] } = (await answer.json()) as Jsz;
  const streams = account_details.find(({ name }) => name === account)?.stream_detail ?? [];
  const consumers = streams.find(({ name }) => name === stream)?.consumer_detail ?? [];
  const found = consumers.find(({ name }) => name === consumer);
  return found ? found.num_pending + found.num_ack_pending : 0;
}

function playbook(path: string, step: object): string {
  const metadata = { name: path, path };
  return JSON.stringify({
    apiVersion: 'noetl.io/v2',
    kind: 'Playbook',
    metadata,
    workflow: [{ step: 'start', ...step }],
  });
}

test('both rise with the backlog, and fall to zero when it is done', async () => {
  expect([await chunksRemaining(), await stepsWaiting()]).toEqual([0, 0]);
  const code = { kind: 'python', code: 'result = 1' };
  const loop = { in: '{{ range(20000) | list }}', iterator: 'n', spec: { mode: 'parallel' } };
  const looping = await ring.register(playbook('keda/loop', { loop, tool: code }));
  const ids = [await ring.execute(looping)];
  await waitFor(async () => (await chunksRemaining()) > 0, { what: 'chunks' });
  const one = await chunksRemaining();
  ids.push(await ring.execute(looping));
  await waitFor(async () => (await chunksRemaining()) > one, { what: 'more chunks' });

  const stepping = await ring.register(playbook('keda/step', { tool: code }));
  // The consumer is made by the first worker of its pool; frozen, it takes what it has asked for and acknowledges nothing.
  const worker = await platform.addWorker();
  await waitFor(async () => (await chunksRemaining()) < one, { what: 'a worker at work' });
  platform.processes.signal(worker, 'SIGSTOP');
  for (let n = 0; n < STEPS; n += 1) ids.push(await ring.execute(stepping));
  await waitFor(async () => (await stepsWaiting()) >= STEPS, { what: 'steps that wait' });
  platform.processes.signal(worker, 'SIGCONT');
  for (const id of ids) expect((await ring.ended(id, 120_000)).status).toBe('COMPLETED');
  await waitFor(async () => (await chunksRemaining()) + (await stepsWaiting()) === 0, {
    what: 'nothing to scale for',
  });
});
