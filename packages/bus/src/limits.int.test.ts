/** Bounds of what we keep in NATS: set on streams that are there already, and met by publishers and loop counts. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startTestNats, type TestNats } from '@noetl/testkit';
import {
  commandsLoad,
  connectBus,
  ensureLoopState,
  ensureTopology,
  forgetLoopStates,
  loopKey,
  publishCommand,
  raiseCompleted,
  readLoopState,
  type Bus,
  type BusLimits,
} from './index.ts';

const SMALL: BusLimits = { commandsMaxBytes: 20_480, stateMaxBytes: 8_192, stateMaxAgeMs: 86_400_000 };

let nats: TestNats;
let buses: Bus[];

beforeEach(async () => {
  nats = await startTestNats();
  buses = [];
});

afterEach(async () => {
  await Promise.all(buses.map((bus) => bus.close()));
  await nats.stop();
});

async function connect(limits?: BusLimits): Promise<Bus> {
  const bus = await connectBus({ url: nats.url, name: 'test', ...(limits && { limits }) });
  buses.push(bus);
  return bus;
}

const state = (completed_count: number) => ({
  ...{ collection_size: 10, completed_count, iterator: 'item', event_id: '7' },
  mode: 'parallel' as const,
});

const sends = (bus: Bus, count: number): Promise<PromiseSettledResult<void>[]> =>
  Promise.allSettled(
    Array.from({ length: count }, (_, n) =>
      publishCommand(
        bus,
        { execution_id: '1', command_id: String(n), lane: 'chunk', pool: 'default' },
        { dedupe: `${String(n)}:0` },
      ),
    ),
  );

test('a full command stream refuses and drops nothing, and takes the same command once there is room', async () => {
  const bus = await connect(SMALL);
  await ensureTopology(bus);
  expect(await commandsLoad(bus)).toEqual({ messages: 0, fill: 0 });
  const first = await sends(bus, 60);
  const refused = first.filter((one) => one.status === 'rejected');
  expect(refused).toHaveLength(20);
  expect(refused[0]?.reason).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  const { messages, fill } = await commandsLoad(bus);
  expect([messages, fill]).toEqual([40, 1]);
  expect((await bus.manager.streams.info('NOETL_COMMANDS')).state.first_seq).toBe(1);
  await bus.manager.streams.purge('NOETL_COMMANDS');
  await sends(bus, 60);
  // Those that were stored are known for two minutes; those that were refused are not.
  expect((await commandsLoad(bus)).messages).toBe(refused.length);
});

test('limits of streams that are there are set anew, and by many at once', async () => {
  await ensureTopology(await connect());
  const others = await Promise.all([1, 2, 3, 4].map(() => connect(SMALL)));
  await Promise.all(others.map((bus) => ensureTopology(bus)));
  const { streams } = (others[0] as Bus).manager;
  expect((await streams.info('NOETL_COMMANDS')).config).toMatchObject({
    max_bytes: SMALL.commandsMaxBytes,
    discard: 'new',
    max_age: 7 * 86_400 * 1e9,
    duplicate_window: 120 * 1e9,
    retention: 'workqueue',
  });
  expect((await streams.info('KV_noetl_execution_state')).config).toMatchObject({
    max_bytes: SMALL.stateMaxBytes,
    discard: 'old',
    max_age: SMALL.stateMaxAgeMs * 1e6,
    max_msgs_per_subject: 1,
  });
});

test('loop counts never refuse: what was written longest ago goes, and comes back when it is raised again', async () => {
  const bus = await connect(SMALL);
  await ensureTopology(bus);
  const keys = Array.from({ length: 100 }, (_, n) => loopKey(String(n), 'each', '7'));
  for (const key of keys) await ensureLoopState(bus, key, state(0));
  const [first = '', last = ''] = [keys[0], keys.at(-1)];
  expect(await readLoopState(bus, first)).toBeUndefined();
  expect(await readLoopState(bus, last)).toEqual(state(0));
  expect(await raiseCompleted(bus, first, state(4))).toEqual({ completed_count: 4, raised: true });
  expect(await readLoopState(bus, first)).toEqual(state(4));
});

test('counts of an execution are forgotten without a trace, those of others stay', async () => {
  const bus = await connect();
  await ensureTopology(bus);
  const mine = ['a b', 'c'].map((step) => loopKey('12', step, '7'));
  const other = loopKey('123', 'c', '7');
  for (const key of [...mine, other]) await ensureLoopState(bus, key, state(1));
  expect(await forgetLoopStates(bus, '12')).toBe(2);
  expect(await forgetLoopStates(bus, '12')).toBe(0);
  for (const key of mine) expect(await readLoopState(bus, key)).toBeUndefined();
  expect(await readLoopState(bus, other)).toEqual(state(1));
  expect((await bus.manager.streams.info('KV_noetl_execution_state')).state.messages).toBe(1);
  await bus.manager.streams.delete('KV_noetl_execution_state');
  expect(await forgetLoopStates(bus, '123')).toBe(0);
});
