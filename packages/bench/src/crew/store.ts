/** Sends rows that are there already to Postgres, a chunk a statement, as fast as one connection takes them. */
import pg from 'pg';
import { copy, copyText, insertRecordset, recordset, type EventRow } from '../event-rows.ts';
import { inProcess, item, itemCode, type ItemFunction } from '../item-code.ts';
import { chunks, type StoreJob } from './job.ts';

export async function store({ databaseUrl, how, from, to, padding }: StoreJob): Promise<() => Promise<void>> {
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  const call = inProcess(await itemCode('javascript'));
  const encode = how === 'copy' ? copyText : recordset;
  const send = how === 'copy' ? copy : insertRecordset;
  const texts: string[] = [];
  for (const range of chunks(from, to)) texts.push(encode(await run(call, range, padding)));
  return async () => {
    for (const text of texts) await send(db, text);
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
