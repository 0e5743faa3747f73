/**
 * Iteration rows by COPY in its binary form: neither side escapes or looks for separators, and a result goes from the
 * runner's frame into the row as the bytes it came in.
 */
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Id } from '@noetl/protocol';
import { CopyBuffer, type JsonText } from './copy-buffer.ts';

/** Outcome of one iteration; texts are JSON. */
export interface IterationRow {
  index: number;
  status: 'COMPLETED' | 'FAILED';
  result_text: JsonText;
  item_text: string;
  /** For people; with FAILED. */
  error?: string;
  duration_s: number;
  /** Attempts and prints, when there is something to tell. */
  meta_text?: string;
}

/** What all rows of a chunk have in common. */
export interface IterationFacts {
  execution_id: Id;
  catalog_id: Id;
  step: string;
  loop_id: Id;
  base_event_id: Id;
  command_id: Id;
  worker_id: string;
  attempt: number;
}

/** The columns that many rows have in common come first, so that they are one piece. */
const ITERATION_COLUMNS = `execution_id, catalog_id, event_type, node_name, node_type, loop_name, loop_id, worker_id, command_id,
  attempt, status, event_id, current_index, duration, result, current_item, meta, error`;
const WIDTH = ITERATION_COLUMNS.split(',').length;

/** `table` has the columns of `noetl.event`. */
export async function copyIterations(
  client: pg.ClientBase,
  facts: IterationFacts,
  rows: readonly IterationRow[],
  table = 'noetl.event',
): Promise<void> {
  const buffer = CopyBuffer.take();
  encodeIterations(buffer, facts, rows);
  await copyEncoded(client, buffer.written, table);
  // The server has had it all: the next chunk may use it.
  buffer.giveBack();
}

/** Sends what {@link encodeIterations} has written. */
export async function copyEncoded(client: pg.ClientBase, bytes: Buffer, table: string): Promise<void> {
  const statement = `COPY ${table} (${ITERATION_COLUMNS}) FROM STDIN (FORMAT binary)`;
  await pipeline(Readable.from([bytes]), client.query(copyFrom(statement)));
}

export function encodeIterations(
  buffer: CopyBuffer,
  facts: IterationFacts,
  rows: readonly IterationRow[],
): void {
  const heads = { COMPLETED: headOf(facts, 'COMPLETED'), FAILED: headOf(facts, 'FAILED') };
  const base = BigInt(facts.base_event_id);
  buffer.begin();
  for (const { index, status, result_text, item_text, duration_s, meta_text, error } of rows) {
    buffer.raw(heads[status]);
    buffer.bigint(base, index);
    buffer.int(index);
    buffer.double(duration_s);
    buffer.jsonb(result_text);
    buffer.text(item_text);
    if (meta_text === undefined) buffer.null();
    else buffer.jsonb(meta_text);
    if (error === undefined) buffer.null();
    else buffer.text(error);
  }
  buffer.end();
}

/** The number of columns, and those that are the same for many rows. */
function headOf(facts: IterationFacts, status: IterationRow['status']): Buffer {
  const head = new CopyBuffer();
  const { execution_id, catalog_id, step, loop_id, worker_id, command_id, attempt } = facts;
  head.row(WIDTH);
  head.bigint(BigInt(execution_id));
  head.bigint(BigInt(catalog_id));
  for (const text of ['step.exit', step, 'iteration', step]) head.text(text);
  head.bigint(BigInt(loop_id));
  head.text(worker_id);
  head.bigint(BigInt(command_id));
  head.int(attempt);
  head.text(status);
  return head.written;
}
