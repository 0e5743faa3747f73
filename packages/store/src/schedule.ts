/** Schedules: when which playbook is started, and taking those that are due, each by one caller. */
import { sql, type Selectable } from 'kysely';
import type { Id, Json, JsonObject } from '@noetl/protocol';
import type { Store, Tx } from './database.ts';
import type { Database } from './tables.ts';
import { isUnderOne } from './prefix.ts';

export type ScheduleRow = Selectable<Database['schedule']>;

/** What happens to runs that were due while nobody was there: none of them, one for all, or each. */
export type MissedRuns = 'skip' | 'once' | 'all';

export interface ScheduleFields {
  playbook_path: string;
  playbook_version: number | null;
  cron: string | null;
  interval_seconds: number | null;
  enabled: boolean;
  timezone: string;
  missed_runs: MissedRuns;
  next_run_at: Date | null;
  input_payload: JsonObject;
  meta: Json;
}

export function createSchedule(store: Store, schedule_id: Id, fields: ScheduleFields): Promise<ScheduleRow> {
  return store.db
    .insertInto('schedule')
    .values({ schedule_id, ...stored(fields) })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Undefined when there is no such schedule. */
export function updateSchedule(
  store: Store,
  schedule_id: Id,
  fields: ScheduleFields,
): Promise<ScheduleRow | undefined> {
  return store.db
    .updateTable('schedule')
    .set({ ...stored(fields), updated_at: sql<Date>`now()` })
    .where('schedule_id', '=', schedule_id)
    .returningAll()
    .executeTakeFirst();
}

function stored({ input_payload, meta, ...fields }: ScheduleFields) {
  return { ...fields, input_payload: JSON.stringify(input_payload), meta: JSON.stringify(meta) };
}

export function getSchedule(store: Store, schedule_id: Id): Promise<ScheduleRow | undefined> {
  return store.db
    .selectFrom('schedule')
    .selectAll()
    .where('schedule_id', '=', schedule_id)
    .executeTakeFirst();
}

/** Of playbooks below `prefixes` only, where they are given. */
export function listSchedules(store: Store, prefixes?: readonly string[]): Promise<ScheduleRow[]> {
  const all = store.db.selectFrom('schedule').selectAll().orderBy('schedule_id').limit(1000);
  return (prefixes ? all.where(isUnderOne('playbook_path', prefixes)) : all).execute();
}

export async function deleteSchedule(store: Store, schedule_id: Id): Promise<boolean> {
  const { numDeletedRows } = await store.db
    .deleteFrom('schedule')
    .where('schedule_id', '=', schedule_id)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

export interface Started {
  last_run_at: Date;
  last_execution_id: Id | null;
  last_status: string;
  next_run_at: Date | null;
}

/**
 * Takes one schedule that is due and stores what `run` made of it, in one transaction: what was started and when it is
 * due next are known together or not at all. False when none is due. `now` is the database's clock.
 */
export function takeDueSchedule(
  store: Store,
  run: (schedule: ScheduleRow, now: Date) => Promise<Started>,
): Promise<boolean> {
  return store.db.transaction().execute(async (tx: Tx) => {
    const { rows } = await sql<{ schedule_id: Id; now: Date }>`
      SELECT schedule_id, now() AS now FROM noetl.schedule
      WHERE enabled AND next_run_at <= now()
      ORDER BY next_run_at LIMIT 1 FOR UPDATE SKIP LOCKED`.execute(tx);
    const [due] = rows;
    if (!due) return false;
    const schedule = await tx
      .selectFrom('schedule')
      .selectAll()
      .where('schedule_id', '=', due.schedule_id)
      .executeTakeFirstOrThrow();
    const started = await run(schedule, due.now);
    await tx.updateTable('schedule').set(started).where('schedule_id', '=', due.schedule_id).execute();
    return true;
  });
}
