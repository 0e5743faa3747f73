/** A table shaped like `noetl.event` without everything else, and rows in it as the product sends them to Postgres. */
import type pg from 'pg';
import {
  copyEncoded,
  copyIterations,
  CopyBuffer,
  encodeIterations,
  type IterationFacts,
  type IterationRow,
} from '@noetl/store';

/** Of an item that ran in this process: its result is a text, not a piece of a runner's frame. */
export type TextRow = IterationRow & { result_text: string };

const TABLE = 'bench.event';

const TABLES = `
  CREATE SCHEMA IF NOT EXISTS bench;
  CREATE TABLE IF NOT EXISTS ${TABLE} (LIKE noetl.event INCLUDING DEFAULTS, PRIMARY KEY (execution_id, event_id))
    PARTITION BY RANGE (execution_id);
  CREATE TABLE IF NOT EXISTS bench.event_all PARTITION OF ${TABLE}
    FOR VALUES FROM (0) TO (9223372036854775807);
  CREATE TABLE IF NOT EXISTS bench.loop (loop_id bigint PRIMARY KEY, completed int NOT NULL) WITH (fillfactor = 50);
  CREATE TABLE IF NOT EXISTS bench.chunk (chunk_id bigint PRIMARY KEY, state text NOT NULL);`;

const FACTS: IterationFacts = {
  execution_id: '1',
  catalog_id: '1',
  step: 'process_items',
  loop_id: '1',
  base_event_id: '1',
  command_id: '1',
  worker_id: 'bench',
  attempt: 1,
};

const INSERT = `INSERT INTO ${TABLE} (execution_id, event_id, catalog_id, event_type, node_name, node_type, status, result,
    current_index, current_item, loop_name, loop_id, duration, worker_id, command_id, attempt)
  SELECT 1, r.i + 1, 1, 'step.exit', 'process_items', 'iteration', 'COMPLETED', r.result, r.i, r.item, 'process_items',
    1, r.duration, 'bench', 1, 1
  FROM json_to_recordset($1::json) AS r (i int, item text, result jsonb, duration float8)`;

/** The tables, made where they are missing, and empty. */
export async function emptyTables(db: pg.Client): Promise<void> {
  await db.query(TABLES);
  await db.query(`TRUNCATE ${TABLE}, bench.loop, bench.chunk`);
  await db.query('CHECKPOINT');
}

export function copyRows(db: pg.ClientBase, rows: readonly IterationRow[]): Promise<void> {
  return copyIterations(db, FACTS, rows, TABLE);
}

/** What {@link copyRows} sends, made before. */
export function encoded(rows: readonly IterationRow[]): Buffer {
  const buffer = new CopyBuffer();
  encodeIterations(buffer, FACTS, rows);
  return buffer.written;
}

export function copy(db: pg.ClientBase, bytes: Buffer): Promise<void> {
  return copyEncoded(db, bytes, TABLE);
}

export function recordset(rows: readonly TextRow[]): string {
  const values = rows.map(({ index, item_text, result_text, duration_s }) => {
    const result = JSON.parse(result_text) as unknown;
    return { i: index, item: item_text, result, duration: duration_s };
  });
  return JSON.stringify(values);
}

export async function insertRecordset(db: pg.Client, text: string): Promise<void> {
  await db.query({ name: 'recordset', text: INSERT, values: [text] });
}
