/**
 * The bare chunked design: a message names a range; the items run in this process; one transaction closes the chunk
 * behind a fence, stores the rows and raises the count; then the counter in K/V is raised, and the message is gone.
 */
import { JSONCodec } from 'nats';
import pLimit from 'p-limit';
import pg from 'pg';
import { compareAndSet, counterBucket, QUEUE } from '../carrier.ts';
import type { IterationRow } from '@noetl/store';
import { copyRows } from '../event-rows.ts';
import { inProcess, itemCode } from '../item-code.ts';
import type { PrototypeJob } from './job.ts';
import { rowsOf } from './in-process.ts';
import { connectNats } from '../connect-nats.ts';

export interface ChunkMessage {
  chunk: number;
  from: number;
  to: number;
}

const codec = JSONCodec<ChunkMessage>();
const FENCE = `UPDATE bench.chunk SET state = 'done' WHERE chunk_id = $1 AND state = 'pending'`;
const COUNT = `UPDATE bench.loop SET completed = completed + $1 WHERE loop_id = 1 RETURNING completed`;

export async function prototype(job: PrototypeJob): Promise<() => Promise<void>> {
  const connection = await connectNats(job.natsUrl);
  const jetstream = connection.jetstream();
  const bucket = await counterBucket(jetstream);
  const db = new pg.Pool({ connectionString: job.databaseUrl, max: job.inFlight });
  const call = inProcess(await itemCode('javascript'));
  const consumer = await jetstream.consumers.get(QUEUE.stream, QUEUE.consumer);
  const limit = pLimit(job.inFlight);
  const handle = async ({ chunk, from, to }: ChunkMessage): Promise<void> => {
    const rows = await rowsOf(call, { from, to }, job.padding);
    const completed = await finish(db, chunk, rows);
    await compareAndSet(bucket, (current) => Math.max(current, completed));
  };
  return async () => {
    const messages = await consumer.consume({ max_messages: job.inFlight * 2 });
    for await (const message of messages)
      void limit(async () => {
        await handle(codec.decode(message.data));
        message.ack();
      });
  };
}

async function finish(db: pg.Pool, chunk: number, rows: IterationRow[]): Promise<number> {
  const client = await db.connect();
  try {
    await client.query('BEGIN');
    const fenced = await client.query({ name: 'fence', text: FENCE, values: [chunk] });
    if (fenced.rowCount !== 1) throw new Error(`chunk ${String(chunk)} came twice`);
    await copyRows(client, rows);
    const counted = await client.query<{ completed: number }>({
      name: 'count',
      text: COUNT,
      values: [rows.length],
    });
    await client.query('COMMIT');
    return counted.rows[0]?.completed ?? 0;
  } finally {
    client.release();
  }
}
