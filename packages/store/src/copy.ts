/** Iteration rows as COPY text: one buffer per chunk, results carried as the JSON text they arrived in. */
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Id } from '@noetl/protocol';

/** Outcome of one iteration; texts are JSON. */
export interface IterationRow {
  index: number;
  status: 'COMPLETED' | 'FAILED';
  result_text: string;
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

const COPY = `COPY noetl.event (execution_id, event_id, catalog_id, event_type, node_name, node_type, status, result,
  current_index, current_item, loop_name, loop_id, duration, meta, error, worker_id, command_id, attempt) FROM STDIN`;

export async function copyIterations(
  client: pg.PoolClient,
  facts: IterationFacts,
  rows: readonly IterationRow[],
): Promise<void> {
  const text = copyText(facts, rows);
  const buffer = bufferOf(Buffer.byteLength(text));
  const bytes = buffer.subarray(0, buffer.write(text));
  await pipeline(Readable.from([bytes]), client.query(copyFrom(COPY)));
  // The server has had it all: the next chunk may use it.
  if (buffer.length <= SPARE_MAX_BYTES && spare.length < SPARE_MAX) spare.push(buffer);
}

/** Buffers of finished chunks. Memory outside V8's heap is freed late; made anew for each chunk, it piles up. */
const spare: Buffer[] = [];
const SPARE_MAX = 4;
const SPARE_MAX_BYTES = 4 * 1024 * 1024;
const SPARE_STEP_BYTES = 256 * 1024;

function bufferOf(bytes: number): Buffer {
  const place = spare.findIndex((buffer) => buffer.length >= bytes);
  const [known] = place < 0 ? [] : spare.splice(place, 1);
  return known ?? Buffer.allocUnsafeSlow(Math.ceil(bytes / SPARE_STEP_BYTES) * SPARE_STEP_BYTES);
}

function copyText(facts: IterationFacts, rows: readonly IterationRow[]): string {
  const step = escape(facts.step);
  const head = `${facts.execution_id}\t`;
  const middle = `\t${facts.catalog_id}\tstep.exit\t${step}\titeration\t`;
  const middles = { COMPLETED: `${middle}COMPLETED\t`, FAILED: `${middle}FAILED\t` };
  const loop = `\t${step}\t${facts.loop_id}\t`;
  const tail = `\t${escape(facts.worker_id)}\t${facts.command_id}\t${String(facts.attempt)}\n`;
  const plainTail = `\t\\N\t\\N${tail}`;
  const base = BigInt(facts.base_event_id);
  let text = '';
  // Every piece costs: what most rows have in common is one.
  for (const { index, status, result_text, item_text, duration_s, meta_text, error } of rows) {
    text += `${head}${base + BigInt(index)}${middles[status]}${escape(result_text)}\t${index}\t${escape(item_text)}${loop}${duration_s}`;
    text +=
      meta_text === undefined && error === undefined
        ? plainTail
        : `\t${orNull(meta_text)}\t${orNull(error)}${tail}`;
  }
  return text;
}

function orNull(text: string | undefined): string {
  return text === undefined ? '\\N' : escape(text);
}

const SPECIAL = ['\\', '\n', '\t', '\r'];
const REPLACEMENTS: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escape(text: string): string {
  // Four searches for one character each are faster than one for any of them.
  return SPECIAL.some((character) => text.includes(character))
    ? text.replace(/[\\\t\n\r]/g, (character) => REPLACEMENTS[character] as string)
    : text;
}
