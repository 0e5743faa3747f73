/** Sends rows that are there already to Postgres, a chunk a statement, as fast as one connection takes them. */
import pg from 'pg';
import { copy, copyBytes, insertRecordset, recordset, type EventRow } from '../event-rows.ts';
import { inProcess, item, itemCode, type ItemFunction } from '../item-code.ts';
import { chunks, type StoreJob } from './job.ts';

export async function store({ databaseUrl, how, from, to, padding }: StoreJob): Promise<() => Promise<void>> {
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  const call = inProcess(await itemCode('javascript'));
  const ready: (() => Promise<void>)[] = [];
  for (const range of chunks(from, to)) {
    const rows = await run(call, range, padding);
    const sent = how === 'copy' ? copyBytes(rows) : recordset(rows);
    ready.push(() => (typeof sent === 'string' ? insertRecordset(db, sent) : copy(db, sent)));
  }
  return async () => {
    for (const send of ready) await send();
  };
}

/** The rows of a range, made in this process. */
export async function run(
  call: ItemFunction,
  { from, to }: { from: number; to: number },
  padding: number,
): Promise<EventRow[]> {
  const rows: EventRow[] = [];
  for (let index = from; index < to; index++) {
    const given = item(index);
    const result = JSON.stringify(await call(given, padding, 0));
    rows.push({ index, item: JSON.stringify(given), result });
  }
  return rows;
}
