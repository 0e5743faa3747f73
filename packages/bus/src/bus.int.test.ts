/** The bus on a real nats-server: killed, wiped, flooded with duplicates. */
import type { RoutedCommand } from '@noetl/protocol';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FaultProxy, startTestNats, waitFor, type TestNats } from '@noetl/testkit';
import {
  connectBus,
  consumeAggregate,
  consumeCommands,
  ensureLoopState,
  ensureTopology,
  loopKey,
  notifyAdvance,
  onAdvance,
  onFeed,
  publishAggregate,
  publishCommand,
  publishFeed,
  raiseCompleted,
  readLoopState,
  type Bus,
  type CommandMessage,
  type Subscription,
} from './index.ts';

let nats: TestNats;
let buses: Bus[];
let subscriptions: Subscription[];
/** What the buses recorded, in order. */
let recorded: string[];

beforeEach(async () => {
  nats = await startTestNats();
  buses = [];
  recorded = [];
  subscriptions = [];
});

afterEach(async () => {
  await Promise.all(subscriptions.map((subscription) => subscription.stop()));
  await Promise.all(buses.map((bus) => bus.close()));
  await nats.stop();
});

async function connect(name = 'test'): Promise<Bus> {
  const record = {
    conflict: () => void recorded.push('conflict'),
    restarted: (consumer: string) => void recorded.push(`restarted ${consumer}`),
    received: (consumer: string, again: boolean) =>
      void recorded.push(`received ${consumer} ${String(again)}`),
    reconnected: () => void recorded.push('reconnected'),
  };
  const bus = await connectBus({ url: nats.url, name, record });
  buses.push(bus);
  return bus;
}

const notice = (command_id: string): RoutedCommand => ({
  execution_id: '1',
  command_id,
  lane: 'chunk',
  pool: 'default',
});

function consume(
  bus: Bus,
  onMessage: (message: CommandMessage) => Promise<void> | void,
  over: { maxMessages?: number; ackWaitMs?: number } = {},
): Subscription {
  const subscription = consumeCommands(bus, {
    lane: 'chunk',
    maxMessages: over.maxMessages ?? 10,
    ackWaitMs: over.ackWaitMs ?? 10_000,
    onMessage: async (message) => {
      await onMessage(message);
    },
  });
  subscriptions.push(subscription);
  return subscription;
}

describe('commands', () => {
  test('one published twice within the window arrives once', async () => {
    const bus = await connect();
    await ensureTopology(bus);
    for (const id of ['7', '7', '8']) await publishCommand(bus, notice(id), { dedupe: `${id}:0` });
    const seen: string[] = [];
    consume(bus, (message) => {
      seen.push(message.notice.command_id);
      message.ack();
    });
    await waitFor(() => seen.includes('8'), { what: 'the last command' });
    expect(seen).toEqual(['7', '8']);
  });

  test('a handler that fails, and one that naks, get it again', async () => {
    const bus = await connect();
    await ensureTopology(bus);
    await publishCommand(bus, notice('7'), { dedupe: '7' });
    const redelivered: boolean[] = [];
    consume(bus, (message) => {
      redelivered.push(message.redelivered);
      if (redelivered.length === 1) throw new Error('broken');
      if (redelivered.length === 2) message.nak(20);
      else message.ack();
    });
    await waitFor(() => redelivered.length === 3, { what: 'the third delivery' });
    expect(redelivered).toEqual([false, true, true]);
  });

  test('what is never acknowledged comes again after the wait; working() puts it off', async () => {
    const bus = await connect();
    await ensureTopology(bus);
    await publishCommand(bus, notice('7'), { dedupe: '7' });
    const at: number[] = [];
    consume(
      bus,
      (message) => {
        at.push(performance.now());
        if (at.length === 2) message.ack();
      },
      { ackWaitMs: 2_000 },
    );
    await waitFor(() => at.length === 2, { what: 'the redelivery' });
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThan(1_000);
  });

  test('never more handlers at once than slots', async () => {
    const bus = await connect();
    await ensureTopology(bus);
    for (let id = 1; id <= 40; id += 1) await publishCommand(bus, notice(String(id)), { dedupe: String(id) });
    let [running, most, done] = [0, 0, 0];
    consume(
      bus,
      async (message) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        done += 1;
        message.ack();
      },
      { maxMessages: 3 },
    );
    await waitFor(() => done === 40, { what: 'all commands' });
    expect(most).toBeLessThanOrEqual(3);
  });

  test('stopping waits for the handlers and takes nothing new', async () => {
    const bus = await connect();
    await ensureTopology(bus);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const seen: string[] = [];
    await publishCommand(bus, notice('1'), { dedupe: '1' });
    const subscription = consume(bus, async (message) => {
      seen.push(message.notice.command_id);
      await held;
      message.ack();
    });
    await waitFor(() => seen.length === 1, { what: 'the first command' });
    const stopped = subscription.stop();
    release();
    await stopped;
    await publishCommand(bus, notice('2'), { dedupe: '2' });
    expect(seen).toEqual(['1']);
  });

  test('stopping while it has only begun ends, whenever that is', async () => {
    const proxy = await FaultProxy.open(nats.url);
    proxy.set({ latency_ms: 10 });
    const bus = await connectBus({ url: proxy.url, name: 'slow' });
    buses.push(bus);
    // Four answers of the server come one after another, 20 ms each.
    for (let after = 0; after < 120; after += 4) {
      const subscription = consume(bus, (message) => message.ack());
      await delay(after);
      await subscription.stop();
    }
    await bus.close();
    await proxy.close();
  });

  test('garbage is dropped, what follows it arrives', async () => {
    const bus = await connect();
    await ensureTopology(bus);
    bus.connection.publish('noetl.cmd.chunk.default', new TextEncoder().encode('{not json'));
    await publishCommand(bus, notice('9'), { dedupe: '9' });
    const seen: string[] = [];
    consume(bus, (message) => {
      seen.push(message.notice.command_id);
      message.ack();
    });
    await waitFor(() => seen.length === 1, { what: 'the command behind the garbage' });
    expect(seen).toEqual(['9']);
  });

  test('a server that was wiped gets its streams and consumers back', async () => {
    const bus = await connect();
    const seen: string[] = [];
    await ensureTopology(bus);
    consume(bus, (message) => {
      seen.push(message.notice.command_id);
      message.ack();
    });
    await publishCommand(bus, notice('1'), { dedupe: '1' });
    await waitFor(() => seen.includes('1'), { what: 'the first command' });
    nats = await nats.again({ wiped: true });
    await waitFor(() => publishCommand(bus, notice('2'), { dedupe: '2' }).then(() => true), {
      what: 'a publish after the wipe',
    });
    await waitFor(() => seen.includes('2'), { what: 'the command after the wipe', timeoutMs: 40_000 });
    expect(recorded).toEqual(
      expect.arrayContaining([
        'reconnected',
        'restarted workers-chunk-default',
        'received workers-chunk-default false',
      ]),
    );
  });

  test('aggregate commands go to the aggregator', async () => {
    const bus = await connect();
    await ensureTopology(bus);
    await publishAggregate(bus, { execution_id: '1', loop_id: '2' });
    const seen: unknown[] = [];
    const onMessage = (message: { notice: unknown; ack: () => void }): Promise<void> => {
      seen.push(message.notice);
      message.ack();
      return Promise.resolve();
    };
    subscriptions.push(consumeAggregate(bus, { maxMessages: 1, onMessage }));
    await waitFor(() => seen.length > 0, { what: 'the aggregate command' });
    expect(seen).toEqual([{ execution_id: '1', loop_id: '2' }]);
  });
});

describe('the loop counter', () => {
  const state = (completed_count: number) => ({
    collection_size: 800,
    completed_count,
    iterator: 'item',
    mode: 'parallel' as const,
    event_id: '5',
  });

  test('eight that raise at once end at the highest, and it never falls', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, (_, index) => connect(`w${String(index)}`)));
    const key = loopKey('1', 'process_items', '5');
    await ensureLoopState(all[0] as Bus, key, state(0));
    const seen: number[] = [];
    const watching = new AbortController();
    const watcher = (async () => {
      const bus = await connect('watcher');
      while (!watching.signal.aborted) seen.push((await readLoopState(bus, key))?.completed_count ?? -1);
    })();
    const fullSeen = await Promise.all(
      all.map(async (bus, worker) => {
        let full = 0;
        for (let count = worker + 1; count <= 800; count += 8) {
          const { completed_count, raised } = await raiseCompleted(bus, key, state(count));
          if (raised && completed_count === 800) full += 1;
        }
        return full;
      }),
    );
    watching.abort();
    await watcher;
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(await readLoopState(all[0] as Bus, key)).toEqual(state(800));
    expect(fullSeen.reduce((sum, full) => sum + full, 0)).toBe(1);
    expect(recorded).toContain('conflict');
  });

  test('repeating a raise changes nothing; an entry or bucket that is gone is made again', async () => {
    const bus = await connect();
    const key = loopKey('1', 's', '5');
    expect(await raiseCompleted(bus, key, state(10))).toEqual({ completed_count: 10, raised: true });
    expect(await raiseCompleted(bus, key, state(10))).toEqual({ completed_count: 10, raised: false });
    expect(await raiseCompleted(bus, key, state(4))).toEqual({ completed_count: 10, raised: false });
    await bus.manager.streams.delete('KV_noetl_execution_state');
    expect(await raiseCompleted(bus, key, state(20))).toEqual({ completed_count: 20, raised: true });
    expect(Object.keys((await readLoopState(bus, key)) ?? {}).sort()).toEqual([
      'collection_size',
      'completed_count',
      'event_id',
      'iterator',
      'mode',
    ]);
  });

  test('keys hold any step name, and no two names share one', () => {
    const names = ['process_items', 'a/b', 'a.b', 'a b', 'ä', 'a=2Fb', 'a-b'];
    const keys = names.map((name) => loopKey('1', name, '2'));
    expect(new Set(keys).size).toBe(names.length);
    for (const key of keys) expect(key).toMatch(/^[-/_=.a-zA-Z0-9]+$/);
    expect(keys[0]).toBe('exec.1.loop.process_items.2');
  });
});

test('an advance notice reaches one of many, a feed everybody who watches', async () => {
  const [one, two] = [await connect('a'), await connect('b')];
  const advanced: string[] = [];
  let fed = 0;
  for (const bus of [one, two]) {
    subscriptions.push(
      onAdvance(bus, (id) => advanced.push(id)),
      onFeed(bus, '7', () => (fed += 1)),
    );
    await bus.connection.flush();
  }
  for (let id = 1; id <= 20; id += 1) notifyAdvance(one, String(id));
  publishFeed(one, '7', 'RUNNING');
  publishFeed(one, '8', 'RUNNING');
  await waitFor(() => advanced.length >= 20 && fed >= 2, { what: 'all notices' });
  expect([advanced.map(Number).sort((a, b) => a - b), fed]).toEqual([
    Array.from({ length: 20 }, (_, index) => index + 1),
    2,
  ]);
});

test('a server that is not there is said clearly', async () => {
  await expect(connectBus({ url: 'nats://127.0.0.1:1', name: 'x' })).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
  });
});
