/** Three nats-servers that keep everything three times: leaders step down and servers die while a loop runs. */
import { afterEach, expect, test } from '@jest/globals';
import { connectBus, type Bus } from '@noetl/bus';
import { NatsCluster, stepDown, STREAMS } from '../nats-cluster.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';
import { countedItems, exactLoop, expectExactLoop } from './exact-loop.ts';

const ITEMS = 900;

let cluster: NatsCluster;
let platform: TestPlatform;
let ring: RingClient;
let bus: Bus;

afterEach(async () => {
  await ring.close();
  await bus.close();
  await platform.stop();
  await cluster.stop();
});

test('leaders step down, each server dies once, and the loop is exact', async () => {
  cluster = await NatsCluster.start();
  const env = { NOETL_NATS_REPLICAS: '3', NOETL_CHUNK_ACK_WAIT_MS: '3000', NOETL_HEARTBEAT_MS: '700' };
  platform = await startPlatform({ workers: 2, nats: { url: cluster.url }, env });
  ring = await RingClient.connect(platform);
  bus = await connectBus({ url: cluster.url, name: 'test' });
  const id = await ring.execute(await ring.register(exactLoop('cluster', { items: ITEMS, ms: 15 })));
  await waitFor(async () => (await countedItems(ring, id)) > 0, { what: 'the first items' });
  for (const stream of STREAMS) expect((await bus.manager.streams.info(stream)).config.num_replicas).toBe(3);
  for (const at of [0, 1, 2]) {
    const before = await countedItems(ring, id);
    await stepDown(bus);
    await waitFor(async () => (await countedItems(ring, id)) > before || before === ITEMS, {
      what: 'items after the leaders stepped down',
    });
    await cluster.kill(at);
    const then = await countedItems(ring, id);
    await waitFor(async () => (await countedItems(ring, id)) > then || then === ITEMS, {
      what: `items without server ${String(at)}`,
    });
    await cluster.launch(at);
    await cluster.healthy();
  }
  await expectExactLoop(ring, id, ITEMS);
  expect(platform.processes.ended()).toEqual([]);
});
