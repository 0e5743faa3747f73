/**
 * A worker of the seed's literal design: takes a message, runs its item, inserts one row, raises one counter by
 * compare-and-set with retries, acknowledges.
 */
import { createToolbox } from '@noetl/tools';
import type { JsonObject } from '@noetl/protocol';
import { JSONCodec, type JsMsg } from 'nats';
import pLimit from 'p-limit';
import pg from 'pg';
import { inProcess, item, itemCode, onRunner } from '../item-code.ts';
import { compareAndSet, counterBucket, QUEUE } from '../carrier.ts';
import type { NaiveJob } from './job.ts';
import { connectNats } from '../connect-nats.ts';

export interface NaiveMessage {
  index: number;
  item: JsonObject;
}

/** Messages fetched ahead, so that nothing waits for the next request. */
const FETCHED = 100;

const codec = JSONCodec<NaiveMessage>();

const INSERT = `INSERT INTO noetl.event (execution_id, event_id, catalog_id, event_type, node_name, node_type, status,
    result, current_index, current_item, loop_name, loop_id, duration, meta, worker_id)
  VALUES ($1, $2, 1, 'step.exit', 'process_items', 'iteration', 'COMPLETED', $3, $4, $5, 'process_items', 1, 0, '{}', $6)`;

export async function naive(job: NaiveJob): Promise<() => Promise<void>> {
  const connection = await connectNats(job.natsUrl);
  const jetstream = connection.jetstream();
  const db = new pg.Pool({ connectionString: job.databaseUrl, max: job.inFlight });
  const bucket = await counterBucket(jetstream);
  const run = await runner(job);
  const handle = async (message: JsMsg): Promise<void> => {
    const { index, item: given } = codec.decode(message.data);
    const result = await run(given);
    const values = [
      job.executionId,
      String(index + 1),
      result,
      index,
      JSON.stringify(given),
      String(process.pid),
    ];
    await db.query({ name: 'insert', text: INSERT, values });
    await compareAndSet(bucket, (completed) => completed + 1);
    if (job.sequential && index + 1 < job.items)
      await jetstream.publish(QUEUE.subject, codec.encode({ index: index + 1, item: item(index + 1) }));
    message.ack();
  };
  const consumer = await jetstream.consumers.get(QUEUE.stream, QUEUE.consumer);
  const limit = pLimit(job.inFlight);
  return async () => {
    const messages = await consumer.consume({ max_messages: FETCHED });
    for await (const message of messages) void limit(() => handle(message));
  };
}

type RunItem = (given: JsonObject) => Promise<string>;

/** JavaScript in this process, Python in resident runners that are warm: cheaper than the seed's design has it. */
async function runner({ language, padding, inFlight }: NaiveJob): Promise<RunItem> {
  const code = await itemCode(language);
  if (language === 'javascript') {
    const call = inProcess(code);
    return async (given) => JSON.stringify(await call(given, padding, 0));
  }
  const toolbox = createToolbox({ runners: inFlight });
  const one: RunItem = async (given) => {
    const lines = [JSON.stringify(given)];
    let text = '';
    // To the end: a runner that is left in the middle of its batch is not used again.
    for await (const block of onRunner(toolbox, language, { code, padding, take: () => lines.splice(0) }))
      text = block.lines.text(0);
    return text;
  };
  await Promise.all(Array.from({ length: inFlight }, (_, index) => one(item(index))));
  return one;
}
