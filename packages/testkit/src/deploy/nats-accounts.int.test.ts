/**
 * The accounts of deploy/nats/nats.conf: they are those of the bus, whose limits the corpus of attacks tries; and a real
 * nats-server takes the file, with each role at its work.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  connectBus,
  consumeCommands,
  ensureLoopState,
  ensureTopology,
  loopKey,
  publishCommand,
  raiseCompleted,
  readLoopState,
  type Bus,
  type BusRole,
} from '@noetl/bus';
import { Child, freePort, natsProgram, TOOLS } from '@noetl/cli/local';
import type { LoopState } from '@noetl/protocol';
import { endWithRun, oncePerRun, runFolder, uniqueName } from '../run-folder.ts';
import { waitFor } from '../wait.ts';
import { authorization } from './nats-conf.ts';

const CONF = new URL('../../../../deploy/nats/nats.conf', import.meta.url);
const PASSWORDS: Record<BusRole, string> = { api: 'n-one', worker: 'n-two', aggregator: 'n-three' };
const STATE: LoopState = {
  collection_size: 9,
  completed_count: 0,
  iterator: 'item',
  mode: 'parallel',
  event_id: '3',
};

test('who may do what is what the bus says', async () => {
  const text = await readFile(CONF, 'utf8');
  expect(text.slice(text.indexOf('authorization {'))).toBe(authorization());
});

test('a command goes from the api to a worker of its pool, and what it has done is counted for all', async () => {
  const { url, stop } = await startServer();
  const as = (role: BusRole): Promise<Bus> =>
    connectBus({ url, name: `${role}-1`, role, user: role, password: PASSWORDS[role] });
  const api = await waitFor(() => as('api').catch(() => undefined), { what: 'NATS' });
  const [worker, aggregator] = [await as('worker'), await as('aggregator')];
  await ensureTopology(api);
  const taken: string[] = [];
  const pulling = ['default', 'gpu'].map((pool) =>
    consumeCommands(worker, {
      lane: 'chunk',
      pool,
      maxMessages: 2,
      ackWaitMs: 10_000,
      onMessage: (message) => {
        taken.push(`${pool} ${message.notice.command_id}`);
        message.ack();
        return Promise.resolve();
      },
    }),
  );
  const notice = { execution_id: '1', lane: 'chunk' as const };
  await publishCommand(api, { ...notice, command_id: '2', pool: 'default' }, { dedupe: '2' });
  await publishCommand(api, { ...notice, command_id: '3', pool: 'gpu' }, { dedupe: '3' });
  await waitFor(() => taken.length === 2, { what: 'both commands' });
  expect(taken.sort()).toEqual(['default 2', 'gpu 3']);
  const key = loopKey('1', 'each', '3');
  await ensureLoopState(api, key, STATE);
  expect(await raiseCompleted(worker, key, { ...STATE, completed_count: 9 })).toMatchObject({ raised: true });
  expect(await readLoopState(aggregator, key)).toMatchObject({ completed_count: 9 });
  for (const one of pulling) await one.stop();
  for (const bus of [api, worker, aggregator]) await bus.close();
  await stop();
});

/** The file as it is, on ports of this machine. */
async function startServer(): Promise<{ url: string; stop: () => Promise<void> }> {
  const program = await oncePerRun('nats-server', () => natsProgram(TOOLS));
  const dir = join(runFolder(), uniqueName('accounts'));
  await mkdir(dir, { recursive: true });
  const port = await freePort();
  const text = (await readFile(CONF, 'utf8'))
    .replace('port: 4222', `listen: "127.0.0.1:${String(port)}"`)
    .replace('http_port: 8222', `http: "127.0.0.1:${String(await freePort())}"`)
    .replace('"/data"', `"${join(dir, 'data')}"`);
  await writeFile(join(dir, 'nats.conf'), text);
  const passwords = Object.fromEntries(
    Object.entries(PASSWORDS).map(([role, password]) => [`NATS_${role.toUpperCase()}_PASSWORD`, password]),
  );
  const server = await Child.start({
    command: program.path,
    args: ['-c', join(dir, 'nats.conf')],
    env: { ...process.env, NATS_SERVER_NAME: 'accounts', ...passwords },
    logFile: join(dir, 'nats.log'),
  });
  const forget = endWithRun(server.pid);
  return {
    url: `nats://127.0.0.1:${String(port)}`,
    stop: async () => {
      await server.stop('SIGTERM', 'SIGKILL', 2_000);
      forget();
    },
  };
}
