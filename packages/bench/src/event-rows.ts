/** A table shaped like `noetl.event` without everything else, and rows of it as they are sent to Postgres. */
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { CopyBuffer } from '@noetl/store';

/** What differs between the rows of a chunk; texts are JSON. */
export interface EventRow {
  index: number;
  item: string;
  result: string;
}

const TABLE = `
  CREATE SCHEMA IF NOT EXISTS bench;
  CREATE TABLE IF NOT EXISTS bench.event (LIKE noetl.event INCLUDING DEFAULTS, PRIMARY KEY (execution_id, event_id))
    PARTITION BY RANGE (execution_id);
  CREATE TABLE IF NOT EXISTS bench.event_all PARTITION OF bench.event
    FOR VALUES FROM (0) TO (9223372036854775807);
  CREATE TABLE IF NOT EXISTS bench.loop (loop_id bigint PRIMARY KEY, completed int NOT NULL) WITH (fillfactor = 50);
  CREATE TABLE IF NOT EXISTS bench.chunk (chunk_id bigint PRIMARY KEY, state text NOT NULL);`;

const COLUMNS = `execution_id, event_id, catalog_id, event_type, node_name, node_type, status, result, current_index,
  current_item, loop_name, loop_id, duration, meta, worker_id, command_id, attempt`;

const COPY = `COPY bench.event (${COLUMNS}) FROM STDIN (FORMAT binary)`;
const WIDTH = COLUMNS.split(',').length;

const INSERT = `INSERT INTO bench.event (${COLUMNS})
  SELECT 1, r.i + 1, 1, 'step.exit', 'process_items', 'iteration', 'COMPLETED', r.result, r.i, r.item, 'process_items',
    1, 0.0001, '{"attempts":1}', 'bench', 1, 1
  FROM json_to_recordset($1::json) AS r (i int, item text, result jsonb)`;

/** The tables, made where they are missing, and empty. */
export async function emptyTables(db: pg.Client): Promise<void> {
  await db.query(TABLE);
  await db.query('TRUNCATE bench.event, bench.loop, bench.chunk');
  await db.query('CHECKPOINT');
}

/** As the product sends them, but for what differs from row to row. */
export function copyBytes(rows: readonly EventRow[]): Buffer {
  const buffer = new CopyBuffer();
  buffer.begin();
  for (const { index, item, result } of rows) {
    buffer.row(WIDTH);
    buffer.bigint(1n);
    buffer.bigint(1n, index);
    buffer.bigint(1n);
    for (const text of ['step.exit', 'process_items', 'iteration', 'COMPLETED']) buffer.text(text);
    buffer.jsonb(result);
    buffer.int(index);
    buffer.text(item);
    buffer.text('process_items');
    buffer.bigint(1n);
    buffer.double(0.0001);
    buffer.jsonb('{"attempts":1}');
    buffer.text('bench');
    buffer.bigint(1n);
    buffer.int(1);
  }
  buffer.end();
  return buffer.written;
}

export async function copy(db: pg.Client | pg.PoolClient, bytes: Buffer): Promise<void> {
  await pipeline(Readable.from([bytes]), db.query(copyFrom(COPY)));
}

export function recordset(rows: readonly EventRow[]): string {
  const values = rows.map(({ index, item, result }) => ({
    i: index,
    item,
    result: JSON.parse(result) as unknown,
  }));
  return JSON.stringify(values);
}

export async function insertRecordset(db: pg.Client, text: string): Promise<void> {
  await db.query({ name: 'recordset', text: INSERT, values: [text] });
}
