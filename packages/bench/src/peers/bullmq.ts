/**
 * BullMQ on Redis with `appendonly yes`. Its documentation advises several worker processes, and a concurrency of
 * 100 to 300 only for jobs that wait for I/O; for CPU-bound ones a slight factor, because BullMQ itself waits for
 * Redis (docs.bullmq.io/guide/parallelism-and-concurrency).
 */
import { type HeavyItem, type HeavyResult, tally } from './item.ts';
import type { Peer, Place, Tally, Variant, WorkerPlace } from './peer.ts';
import { pieces, settled } from './settling.ts';

const CONCURRENCY = 50;
const ADD_AT_ONCE = 1000;
const READ_AT_ONCE = 1000;

interface Job<Data, Result> {
  data: Data;
  returnvalue: Result;
  getChildrenValues(): Promise<Record<string, HeavyResult>>;
  waitUntilFinished(events: object): Promise<Result>;
}
interface Queue {
  waitUntilReady(): Promise<unknown>;
  addBulk(jobs: { name: string; data: HeavyItem }[]): Promise<unknown>;
  getCompletedCount(): Promise<number>;
  getJobs(types: string[], start: number, end: number): Promise<Job<HeavyItem, HeavyResult>[]>;
}
interface FlowProducer {
  waitUntilReady(): Promise<unknown>;
  add(flow: object): Promise<{ job: Job<object, Tally> }>;
}
interface BullMq {
  Queue: new (name: string, options: object) => Queue;
  QueueEvents: new (name: string, options: object) => { waitUntilReady(): Promise<unknown> };
  FlowProducer: new (options: object) => FlowProducer;
  Worker: new <Data, Result>(
    name: string,
    handle: (job: Job<Data, Result>) => Promise<Result>,
    options: object,
  ) => { waitUntilReady(): Promise<unknown>; on(event: 'error', hear: (error: Error) => void): void };
}

const addBulk: Variant = {
  label: 'BullMQ, addBulk, one job per item',
  work: workOnItems,
  async drive(place) {
    const { Queue } = bullMq(place);
    const queue = new Queue('items', { connection: connection(place) });
    await queue.waitUntilReady();
    return {
      async enqueue() {
        for (const part of pieces(place.items, ADD_AT_ONCE)) {
          await queue.addBulk(part.map((item) => ({ name: 'item', data: item })));
        }
      },
      async collect() {
        await place.allDone;
        await settled(place.items.length, () => queue.getCompletedCount());
        const results: HeavyResult[] = [];
        for (let start = 0; start < place.items.length; start += READ_AT_ONCE) {
          const jobs = await queue.getJobs(['completed'], start, start + READ_AT_ONCE - 1);
          results.push(...jobs.map((job) => job.returnvalue));
        }
        return tally(results);
      },
    };
  },
};

const flow: Variant = {
  label: 'BullMQ, flow: a parent with one child per item',
  async work(place) {
    await workOnItems(place);
    const { Worker } = bullMq(place);
    const parents = new Worker<object, Tally>(
      'parents',
      async (job) => tally(Object.values(await job.getChildrenValues())),
      { connection: connection(place) },
    );
    parents.on('error', fail);
    await parents.waitUntilReady();
  },
  async drive(place) {
    const { FlowProducer, QueueEvents } = bullMq(place);
    const producer = new FlowProducer({ connection: connection(place) });
    const events = new QueueEvents('parents', { connection: connection(place) });
    await Promise.all([producer.waitUntilReady(), events.waitUntilReady()]);
    let parent: Job<object, Tally> | undefined;
    return {
      async enqueue() {
        const children = place.items.map((item) => ({ name: 'item', queueName: 'items', data: item }));
        parent = (await producer.add({ name: 'parent', queueName: 'parents', children })).job;
      },
      async collect() {
        if (parent === undefined) throw new Error('nothing was enqueued');
        return parent.waitUntilFinished(events);
      },
    };
  },
};

async function workOnItems(place: WorkerPlace): Promise<void> {
  const { Worker } = bullMq(place);
  const worker = new Worker<HeavyItem, HeavyResult>(
    'items',
    async (job) => {
      const result = await place.body(job.data);
      place.done(1);
      return result;
    },
    { connection: connection(place), concurrency: CONCURRENCY },
  );
  worker.on('error', fail);
  await worker.waitUntilReady();
}

function bullMq(place: Place): BullMq {
  return place.load('bullmq') as BullMq;
}

function connection(place: Place): object {
  const { hostname, port } = new URL(place.url);
  // As BullMQ asks for workers: wait for Redis rather than give up.
  return { host: hostname, port: Number(port), maxRetriesPerRequest: null };
}

function fail(error: Error): never {
  throw error;
}

export const bullmq: Peer = {
  name: 'bullmq',
  packages: { bullmq: '6.7.0', ioredis: '6.0.0' },
  service: 'redis',
  variants: { flow, addBulk },
};
