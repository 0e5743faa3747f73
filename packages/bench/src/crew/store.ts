/** Sends rows that are there already to Postgres, a chunk a statement, as fast as one connection takes them. */
import pg from 'pg';
import { copy, encoded, insertRecordset, recordset } from '../event-rows.ts';
import { inProcess, itemCode } from '../item-code.ts';
import { rowsOf } from './in-process.ts';
import { chunks, type StoreJob } from './job.ts';

export async function store({ databaseUrl, how, from, to, padding }: StoreJob): Promise<() => Promise<void>> {
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  const call = inProcess(await itemCode('javascript'));
  const ready: (() => Promise<void>)[] = [];
  for (const range of chunks(from, to)) {
    const rows = await rowsOf(call, range, padding);
    const sent = how === 'copy' ? encoded(rows) : recordset(rows);
    ready.push(() => (typeof sent === 'string' ? insertRecordset(db, sent) : copy(db, sent)));
  }
  return async () => {
    for (const send of ready) await send();
  };
}
