/**
 * The accounts of deploy/nats/nats.conf on a real nats-server: each role can do all that its process does, and none of
 * what is another's.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  commandsLoad,
  connectBus,
  consumeAggregate,
  consumeCommands,
  ensureLoopState,
  ensureTopology,
  forgetLoopStates,
  loopKey,
  notifyAdvance,
  notifyLimits,
  notifyRoom,
  onAdvance,
  onFeed,
  onLimits,
  onRoom,
  publishAggregate,
  publishCommand,
  publishFeed,
  queueState,
  raiseCompleted,
  readLoopState,
  type Bus,
} from '@noetl/bus';
import { Child, freePort, natsProgram, TOOLS } from '@noetl/cli/local';
import type { LoopState } from '@noetl/protocol';
import { endWithRun, oncePerRun, runFolder, uniqueName } from '../run-folder.ts';
import { waitFor } from '../wait.ts';

const CONF = new URL('../../../../deploy/nats/nats.conf', import.meta.url);
const ROLES = ['api', 'worker', 'aggregator'] as const;
type Role = (typeof ROLES)[number];

const PASSWORDS = { api: 'n-one', worker: 'n-two', aggregator: 'n-three' };
const NOTICE = { execution_id: '1', command_id: '2', lane: 'chunk' as const };
const KEY = loopKey('1', 'each', '3');
const COUNTS: LoopState = {
  collection_size: 9,
  completed_count: 0,
  iterator: 'item',
  mode: 'parallel',
  event_id: '3',
};

let server: Child;
let url: string;
const buses = {} as Record<Role, Bus>;

beforeAll(async () => {
  const program = await oncePerRun('nats-server', () => natsProgram(TOOLS));
  const dir = join(runFolder(), uniqueName('accounts'));
  await mkdir(dir, { recursive: true });
  const port = await freePort();
  url = `nats://127.0.0.1:${String(port)}`;
  const text = (await readFile(CONF, 'utf8'))
    .replace('port: 4222', `listen: "127.0.0.1:${String(port)}"`)
    .replace('http_port: 8222', `http: "127.0.0.1:${String(await freePort())}"`)
    .replace('"/data"', `"${join(dir, 'data')}"`);
  await writeFile(join(dir, 'nats.conf'), text);
  const passwords = Object.fromEntries(
    ROLES.map((role) => [`NATS_${role.toUpperCase()}_PASSWORD`, PASSWORDS[role]]),
  );
  server = await Child.start({
    command: program.path,
    args: ['-c', join(dir, 'nats.conf')],
    env: { ...process.env, NATS_SERVER_NAME: 'accounts', ...passwords },
    logFile: join(dir, 'nats.log'),
  });
  endWithRun(server.pid);
  for (const role of ROLES)
    buses[role] = await waitFor(() => as(role).catch(() => undefined), { what: `NATS for ${role}` });
});

afterAll(async () => {
  await Promise.all(Object.values(buses).map((bus) => bus.close()));
  await server.stop('SIGTERM', 'SIGKILL', 2_000);
});

function as(role: Role, name: string = role === 'worker' ? 'worker.host-1.2' : role): Promise<Bus> {
  return connectBus({ url, name, user: role, password: PASSWORDS[role] });
}

test('nobody without an account is let in, and a wrong password is none', async () => {
  await expect(connectBus({ url, name: 'api' })).rejects.toThrow('NATS does not answer');
  await expect(connectBus({ url, name: 'api', user: 'api', password: 'n-two' })).rejects.toThrow(
    'NATS does not answer',
  );
});

describe('what each process does, it may', () => {
  test.each(ROLES)('%s makes what is missing, and shows counts', async (role) => {
    const bus = buses[role];
    await ensureTopology(bus);
    await ensureLoopState(bus, KEY, COUNTS);
    const completed = { ...COUNTS, completed_count: ROLES.indexOf(role) + 1 };
    expect(await raiseCompleted(bus, KEY, completed)).toMatchObject({ raised: true });
    expect(await readLoopState(bus, KEY)).toMatchObject(completed);
  });

  test('a command goes from the api to a worker of any pool, and is acknowledged', async () => {
    for (const lane of ['step', 'chunk'] as const)
      for (const pool of ['default', 'gpu']) {
        let taken: string | undefined;
        const pulling = consumeCommands(buses.worker, {
          lane,
          pool,
          maxMessages: 2,
          ackWaitMs: 10_000,
          onMessage: (message) => {
            message.working();
            message.ack();
            taken = message.notice.command_id;
            return Promise.resolve();
          },
        });
        await publishCommand(buses.api, { ...NOTICE, lane }, { pool, dedupe: `${lane}:${pool}` });
        await waitFor(() => Promise.resolve(taken), { what: `a command of ${lane}, ${pool}` });
        await pulling.stop();
      }
    await publishCommand(buses.worker, NOTICE, { dedupe: 'successor' });
    expect((await commandsLoad(buses.api)).messages).toBe(1);
  });

  test('a worker asks the aggregator to close a loop, which counts and cleans up', async () => {
    let closed: string | undefined;
    const pulling = consumeAggregate(buses.aggregator, {
      maxMessages: 2,
      onMessage: (message) => {
        message.ack();
        closed = message.notice.loop_id;
        return Promise.resolve();
      },
    });
    await publishAggregate(buses.worker, { execution_id: '1', loop_id: '3' });
    await waitFor(() => Promise.resolve(closed), { what: 'the aggregate message' });
    await pulling.stop();
    const { consumers } = await queueState(buses.aggregator);
    expect(consumers.map(({ name }) => name)).toContain('workers-chunk-gpu');
    expect(await forgetLoopStates(buses.aggregator, '1')).toBe(1);
  });

  test('notices reach whom they are for', async () => {
    const heard = new Set<string>();
    const listening = [
      onAdvance(buses.api, () => void heard.add('advance')),
      onFeed(buses.api, '7', () => void heard.add('feed')),
      onRoom(buses.worker, () => void heard.add('room')),
      onLimits(buses.worker, () => void heard.add('limits')),
    ];
    await Promise.all([buses.api.connection.flush(), buses.worker.connection.flush()]);
    notifyAdvance(buses.aggregator, '7');
    publishFeed(buses.api, '7', 'RUNNING');
    notifyRoom(buses.worker, 'k');
    notifyLimits(buses.api);
    await waitFor(() => Promise.resolve(heard.size === 4), { what: 'four notices' });
    await Promise.all(listening.map((one) => one.stop()));
  });
});

const STREAM = 'NOETL_COMMANDS';
const STATE = 'KV_noetl_execution_state';
const API = '$JS.API';

describe('what is not theirs is refused', () => {
  test.each<[Role, string]>([
    ...ROLES.flatMap((role): [Role, string][] => [
      [role, `${API}.STREAM.DELETE.${STREAM}`],
      [role, `${API}.STREAM.PURGE.${STREAM}`],
      [role, `${API}.STREAM.SNAPSHOT.${STREAM}`],
      [role, `${API}.STREAM.CREATE.OTHER`],
      [role, `${API}.STREAM.NAMES`],
      [role, `${API}.CONSUMER.DELETE.${STREAM}.workers-chunk-default`],
      [role, 'elsewhere'],
    ]),
    ['worker', 'noetl.cmd.step.default'],
    ['worker', 'noetl.feed.1'],
    ['worker', `${API}.CONSUMER.MSG.NEXT.${STREAM}.aggregator`],
    ['worker', `$JS.ACK.${STREAM}.aggregator.1.1.1.1.0`],
    ['worker', `${API}.STREAM.PURGE.${STATE}`],
    ['api', `${API}.CONSUMER.MSG.NEXT.${STREAM}.workers-chunk-default`],
    ['api', 'noetl.aggregate'],
    ['aggregator', 'noetl.cmd.chunk.default'],
    ['aggregator', `${API}.CONSUMER.MSG.NEXT.${STREAM}.workers-chunk-default`],
  ])('%s does not publish to %s', async (role, subject) => {
    expect(await refused(role, (bus) => bus.connection.publish(subject, new Uint8Array()))).toBe(true);
  });

  test.each<[Role, string]>([
    ['worker', '_INBOX_api.>'],
    ['worker', '_INBOX_aggregator.>'],
    ['worker', 'noetl.feed.*'],
    ['worker', 'noetl.cmd.>'],
    ['api', '_INBOX_worker.>'],
    ['aggregator', 'noetl.notice.advance'],
    ['aggregator', '>'],
  ])('%s does not read %s', async (role, subject) => {
    expect(await refused(role, (bus) => bus.connection.subscribe(subject))).toBe(true);
  });
});

/** Whether the server answers what is tried with a violation of permissions. */
async function refused(role: Role, tried: (bus: Bus) => unknown): Promise<boolean> {
  const bus = await as(role);
  const told: string[] = [];
  void (async () => {
    for await (const { data } of bus.connection.status()) told.push(JSON.stringify(data));
  })();
  tried(bus);
  // The server answers in order: what it has to say comes before the second answer at the latest.
  await bus.connection.flush();
  await bus.connection.flush();
  await bus.connection.close();
  return told.some((text) => text.includes('PERMISSIONS_VIOLATION'));
}
