/** A table shaped like `noetl.event` without everything else, and rows of it as they are sent to Postgres. */
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

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

const COPY = `COPY bench.event (${COLUMNS}) FROM STDIN`;

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

export function copyText(rows: readonly EventRow[]): string {
  let text = '';
  for (const { index, item, result } of rows) {
    const place = String(index);
    text += `1\t${String(index + 1)}\t1\tstep.exit\tprocess_items\titeration\tCOMPLETED\t${escape(result)}\t${place}\t`;
    text += `${escape(item)}\tprocess_items\t1\t0.0001\t{"attempts":1}\tbench\t1\t1\n`;
  }
  return text;
}

export async function copy(db: pg.Client | pg.PoolClient, text: string): Promise<void> {
  await pipeline(Readable.from([Buffer.from(text)]), db.query(copyFrom(COPY)));
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

function escape(text: string): string {
  return text.includes('\\') ? text.replaceAll('\\', '\\\\') : text;
}
