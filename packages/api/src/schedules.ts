/**
 * Starts what schedules say is due. Each due time is one execution, whichever replica looks first and however often:
 * the idempotency key is made of schedule and time.
 */
import { Cron } from 'croner';
import { NoetlError, type Id, type JsonObject } from '@noetl/protocol';
import { every, type Log, type RoundRecorder, type Service } from '@noetl/service';
import {
  createExecution,
  findHead,
  takeDueSchedule,
  type FreshExecution,
  type ScheduleRow,
  type Started,
  type Store,
} from '@noetl/store';

export interface ScheduleDeps {
  store: Store;
  log: Log;
  newId: () => Id;
  start: (fresh: FreshExecution) => Promise<void>;
}

/** Schedules taken in one round; the next round goes on. */
const BATCH = 50;
/** With `missed_runs: all`: the last so many. */
const MISSED_MAX = 100;
/** A run that is at most this late was not missed. */
const LATE_MS = 10_000;

export type When = Pick<ScheduleRow, 'cron' | 'interval_seconds' | 'timezone'>;

/** Throws SCHEDULE_INVALID. */
export function checkWhen({ cron, interval_seconds, timezone }: When): void {
  if ((cron === null) === (interval_seconds === null))
    throw new NoetlError('SCHEDULE_INVALID', 'a schedule has either `cron` or `interval_seconds`');
  if (interval_seconds !== null && interval_seconds < 1)
    throw new NoetlError('SCHEDULE_INVALID', '`interval_seconds` must be at least 1');
  if (!isTimezone(timezone))
    throw new NoetlError(
      'SCHEDULE_INVALID',
      `there is no time zone "${timezone}"; use one like Europe/Berlin`,
    );
  if (cron === null) return;
  let next: Date | null;
  try {
    next = new Cron(cron, { timezone }).nextRun();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NoetlError('SCHEDULE_INVALID', `the cron expression "${cron}" cannot be read: ${reason}`);
  }
  if (!next) throw new NoetlError('SCHEDULE_INVALID', `the cron expression "${cron}" never comes true`);
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The first time after `after`; null when there is none. */
export function nextRun({ cron, interval_seconds, timezone }: When, after: Date): Date | null {
  if (interval_seconds !== null) return new Date(after.getTime() + interval_seconds * 1000);
  return new Cron(cron ?? '', { timezone }).nextRun(after);
}

/** Due times from the planned one up to now, the oldest first; and the first that is still to come. */
export function dueTimes(schedule: When, planned: Date, now: Date): { due: Date[]; next: Date | null } {
  const due: Date[] = [];
  let at: Date | null = planned;
  if (schedule.interval_seconds !== null) {
    // A short interval after a long absence: no walk through every second of it.
    const step = schedule.interval_seconds * 1000;
    const behind = Math.floor((now.getTime() - planned.getTime()) / step) - MISSED_MAX;
    if (behind > 0) at = new Date(planned.getTime() + behind * step);
  }
  while (at && at <= now) {
    due.push(at);
    if (due.length > MISSED_MAX) due.shift();
    at = nextRun(schedule, at);
  }
  return { due, next: at };
}

export function scheduleService(deps: ScheduleDeps, intervalMs: number, rounds: RoundRecorder): Service {
  const round = async (): Promise<number> => {
    for (let taken = 0; taken < BATCH; taken += 1)
      if (!(await takeDueSchedule(deps.store, (schedule, now) => runDue(deps, schedule, now)))) return taken;
    return BATCH;
  };
  return every('schedules', intervalMs, round, { log: deps.log, rounds });
}

async function runDue(deps: ScheduleDeps, schedule: ScheduleRow, now: Date): Promise<Started> {
  const planned = schedule.next_run_at ?? now;
  const { due, next } = dueTimes(schedule, planned, now);
  let last: { id: Id | null; status: string } = { id: null, status: 'MISSED' };
  for (const at of wanted(schedule, due, now)) last = await startRun(deps, schedule, at);
  return { last_run_at: now, last_execution_id: last.id, last_status: last.status, next_run_at: next };
}

/** Which of the due times are run: the newest is no miss as long as it is fresh. */
function wanted(schedule: ScheduleRow, due: Date[], now: Date): Date[] {
  const newest = due.at(-1);
  if (!newest) return [];
  if (schedule.missed_runs === 'all') return due;
  if (schedule.missed_runs === 'once') return [newest];
  return now.getTime() - newest.getTime() <= LATE_MS ? [newest] : [];
}

/** Starts, or finds what was started for this time; a playbook that is gone leaves a word and no execution. */
export async function startRun(
  deps: ScheduleDeps,
  schedule: ScheduleRow,
  at: Date,
): Promise<{ id: Id | null; status: string }> {
  const { schedule_id, playbook_path: path, playbook_version } = schedule;
  const version = playbook_version === null ? {} : { version: playbook_version };
  const entry = await findHead(deps.store, { path, ...version });
  if (entry?.kind !== 'Playbook') {
    deps.log.warn('a schedule names a playbook that is not in the catalog', { schedule_id, path });
    return { id: null, status: 'PATH_UNKNOWN' };
  }
  const payload: JsonObject = schedule.input_payload;
  const { execution_id, fresh } = await createExecution(deps.store, {
    execution_id: deps.newId(),
    catalog_id: entry.catalog_id,
    path: entry.path,
    version: entry.version,
    payload,
    idempotency_key: `schedule:${schedule_id}:${at.toISOString()}`,
  });
  // Who started it first starts its first steps as well; what is left undone the relay finds.
  if (fresh)
    await deps
      .start(fresh)
      .catch((error: unknown) =>
        deps.log.warn('the relay will start a scheduled run', { execution_id, error }),
      );
  return { id: execution_id, status: 'STARTED' };
}
