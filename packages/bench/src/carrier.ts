/** One work queue and one counter in NATS, for the designs that are measured beside the product. */
import {
  AckPolicy,
  type JetStreamClient,
  JSONCodec,
  type KV,
  type NatsError,
  type NatsConnection,
  RetentionPolicy,
  StorageType,
} from 'nats';
import pMap from 'p-map';

export const QUEUE = { stream: 'BENCH', subject: 'bench.work', consumer: 'workers' };
const COUNTER = 'exec.1.loop.process_items.1';

interface Counter {
  collection_size: number;
  completed_count: number;
  iterator: string;
  mode: string;
  event_id: string;
}

const messageCodec = JSONCodec<object>();
const counterCodec = JSONCodec<Counter>();
/** Publishes that wait for their acknowledgement at once. */
const PUBLISH_WINDOW = 256;
const WRONG_REVISION = 10071;

export function counterBucket(jetstream: JetStreamClient): Promise<KV> {
  return jetstream.views.kv('bench', { history: 1, storage: StorageType.File });
}

/** An empty stream with its consumer, and a counter at zero. */
export async function resetCarrier(connection: NatsConnection, items: number, mode: string): Promise<KV> {
  const manager = await connection.jetstreamManager();
  await manager.streams.delete(QUEUE.stream).catch(() => false);
  await manager.streams.add({
    name: QUEUE.stream,
    subjects: [QUEUE.subject],
    storage: StorageType.File,
    retention: RetentionPolicy.Workqueue,
  });
  await manager.consumers.add(QUEUE.stream, {
    durable_name: QUEUE.consumer,
    ack_policy: AckPolicy.Explicit,
    max_ack_pending: 10_000,
  });
  const bucket = await counterBucket(connection.jetstream());
  const counter = { collection_size: items, completed_count: 0, iterator: 'item', mode, event_id: '1' };
  await bucket.put(COUNTER, counterCodec.encode(counter));
  return bucket;
}

/** Sends one message each, many waiting for their acknowledgement at once. */
export async function publishAll(connection: NatsConnection, messages: Iterable<object>): Promise<void> {
  const jetstream = connection.jetstream();
  await pMap(messages, (message) => jetstream.publish(QUEUE.subject, messageCodec.encode(message)), {
    concurrency: PUBLISH_WINDOW,
  });
}

/** Resolves when the counter has reached the size. */
export async function counted(bucket: KV): Promise<void> {
  const watch = await bucket.watch({ key: COUNTER });
  for await (const entry of watch) {
    const { completed_count, collection_size } = counterCodec.decode(entry.value);
    if (completed_count >= collection_size) return;
  }
}

/** Reads the counter and writes it back with `change` applied; when somebody else was faster, at once again. */
export async function compareAndSet(bucket: KV, change: (completed: number) => number): Promise<void> {
  for (;;) {
    const entry = await bucket.get(COUNTER);
    if (entry === null) throw new Error('the counter is gone');
    const counter = counterCodec.decode(entry.value);
    const completed_count = change(counter.completed_count);
    if (completed_count === counter.completed_count) return;
    try {
      await bucket.update(COUNTER, counterCodec.encode({ ...counter, completed_count }), entry.revision);
      return;
    } catch (error) {
      if ((error as NatsError).api_error?.err_code !== WRONG_REVISION) throw error;
    }
  }
}
