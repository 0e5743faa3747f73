/** Stream, bucket and messages of the seed's literal design, as its workers and their dispatcher share them. */
import {
  AckPolicy,
  type JetStreamClient,
  JSONCodec,
  type KV,
  type NatsConnection,
  RetentionPolicy,
  StorageType,
} from 'nats';
import type { JsonObject } from '@noetl/protocol';
import { item } from './item-code.ts';

export const NAIVE = { stream: 'NAIVE', subject: 'naive.items', consumer: 'workers' };
export const COUNTER = 'exec.1.loop.process_items.1';

export interface NaiveMessage {
  index: number;
  item: JsonObject;
}

export interface Counter {
  collection_size: number;
  completed_count: number;
  iterator: string;
  mode: string;
  event_id: string;
}

const messageCodec = JSONCodec<NaiveMessage>();
const counterCodec = JSONCodec<Counter>();
/** Publishes that wait for their acknowledgement at once. */
const PUBLISH_WINDOW = 256;

export function counterBucket(jetstream: JetStreamClient): Promise<KV> {
  return jetstream.views.kv('naive', { history: 1, storage: StorageType.File });
}

/** An empty stream with its consumer, and a counter at zero. */
export async function resetDesign(connection: NatsConnection, items: number, mode: string): Promise<KV> {
  const manager = await connection.jetstreamManager();
  await manager.streams.delete(NAIVE.stream).catch(() => false);
  await manager.streams.add({
    name: NAIVE.stream,
    subjects: [NAIVE.subject],
    storage: StorageType.File,
    retention: RetentionPolicy.Workqueue,
  });
  await manager.consumers.add(NAIVE.stream, {
    durable_name: NAIVE.consumer,
    ack_policy: AckPolicy.Explicit,
    max_ack_pending: 10_000,
  });
  const bucket = await counterBucket(connection.jetstream());
  const counter = { collection_size: items, completed_count: 0, iterator: 'item', mode, event_id: '1' };
  await bucket.put(COUNTER, counterCodec.encode(counter));
  return bucket;
}

/** Sends the items `[0, count)`, a message each. */
export async function publishItems(connection: NatsConnection, count: number): Promise<void> {
  const jetstream = connection.jetstream();
  for (let from = 0; from < count; from += PUBLISH_WINDOW) {
    const size = Math.min(PUBLISH_WINDOW, count - from);
    await Promise.all(
      Array.from({ length: size }, (_, place) =>
        jetstream.publish(
          NAIVE.subject,
          messageCodec.encode({ index: from + place, item: item(from + place) }),
        ),
      ),
    );
  }
}

/** Resolves when the counter has reached the size. */
export async function counted(bucket: KV): Promise<void> {
  const watch = await bucket.watch({ key: COUNTER });
  for await (const entry of watch) {
    const { completed_count, collection_size } = counterCodec.decode(entry.value);
    if (completed_count >= collection_size) return;
  }
}
