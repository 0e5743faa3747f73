/** Schedules over HTTP. */
import type { Router } from 'express';
import { NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import {
  createSchedule,
  deleteSchedule,
  getSchedule,
  listSchedules,
  playbookHead,
  updateSchedule,
  type MissedRuns,
  type ScheduleFields,
  type ScheduleRow,
} from '@noetl/store';
import { accessOf, type Access } from '../access/caller.ts';
import { bodyReader, idOf, jsonBody } from '../http/request.ts';
import { checkWhen, nextRun, startRun } from '../schedules.ts';
import type { ApiDeps } from './deps.ts';

interface ScheduleBody {
  playbook_path?: string;
  path?: string;
  playbook_version?: number | null;
  version?: number | null;
  cron?: string | null;
  interval_seconds?: number | null;
  enabled?: boolean;
  timezone?: string;
  missed_runs?: MissedRuns;
  input_payload?: JsonObject | null;
  payload?: JsonObject | null;
  meta?: Json;
}

const optional = (type: string): object => ({ type: [type, 'null'] });

export const readSchedule = bodyReader<ScheduleBody>({
  type: 'object',
  properties: {
    playbook_path: { type: 'string', minLength: 1 },
    path: { type: 'string', minLength: 1 },
    playbook_version: optional('integer'),
    version: optional('integer'),
    cron: { type: ['string', 'null'], maxLength: 200 },
    interval_seconds: optional('integer'),
    enabled: { type: 'boolean' },
    timezone: { type: 'string', maxLength: 100 },
    missed_runs: { enum: ['skip', 'once', 'all'] },
    input_payload: optional('object'),
    payload: optional('object'),
    meta: {},
  },
});

export function scheduleRoutes(router: Router, deps: ApiDeps): void {
  router.post('/schedules', async (request, response) => {
    const access = accessOf(response);
    const fields = await checked(deps, readSchedule(jsonBody(request)), undefined, access);
    const created = await createSchedule(deps.store, deps.newId(), fields);
    access.note({ object: `schedule ${created.schedule_id}`, after: fields });
    response.status(201).json(created);
  });

  router.get('/schedules', async (_, response) => {
    response.json({ schedules: await listSchedules(deps.store, accessOf(response).prefixes) });
  });

  router.get('/schedules/:id', async (request, response) => {
    response.json(await scheduleOf(deps, request.params.id));
  });

  router.patch('/schedules/:id', async (request, response) => {
    const schedule = await scheduleOf(deps, request.params.id);
    const access = accessOf(response);
    const fields = await checked(deps, readSchedule(jsonBody(request)), schedule, access);
    access.note({ object: `schedule ${schedule.schedule_id}`, before: schedule, after: fields });
    response.json(await updateSchedule(deps.store, schedule.schedule_id, fields));
  });

  router.delete('/schedules/:id', async (request, response) => {
    const { schedule_id } = await scheduleOf(deps, request.params.id);
    await deleteSchedule(deps.store, schedule_id);
    response.json({ status: 'deleted', schedule_id });
  });

  router.post('/schedules/:id/run', async (request, response) => {
    const schedule = await scheduleOf(deps, request.params.id);
    const { id, status } = await startRun(deps, schedule, new Date(deps.nowMs()));
    if (id === null)
      throw new NoetlError('PATH_UNKNOWN', `the catalog has no playbook "${schedule.playbook_path}"`);
    response.status(201).json({ execution_id: id, status: status.toLowerCase() });
  });
}

/** Throws SCHEDULE_UNKNOWN. */
async function scheduleOf(deps: ApiDeps, text: unknown): Promise<ScheduleRow> {
  const id = idOf(text, 'the schedule id');
  const schedule = await getSchedule(deps.store, id);
  if (!schedule) throw new NoetlError('SCHEDULE_UNKNOWN', `there is no schedule ${id}`);
  return schedule;
}

/** The body over what is there; what is left away stays. The next run is planned anew when the time changes. */
async function checked(
  deps: ApiDeps,
  body: ScheduleBody,
  before: ScheduleRow | undefined,
  access: Access,
): Promise<ScheduleFields> {
  const playbook_path = body.playbook_path ?? body.path ?? before?.playbook_path;
  if (playbook_path === undefined) throw new NoetlError('BODY_INVALID', 'the schedule needs `playbook_path`');
  const unknown = new NoetlError('PATH_UNKNOWN', `the catalog has no playbook "${playbook_path}"`);
  access.check(playbook_path, unknown);
  const given = body.playbook_version ?? body.version;
  const playbook_version = given === undefined ? (before?.playbook_version ?? null) : given;
  const version = playbook_version === null ? {} : { version: playbook_version };
  await playbookHead(deps.store, { path: playbook_path, ...version });
  const changesTime = ['cron', 'interval_seconds', 'timezone', 'enabled'].some((key) => key in body);
  const when = {
    cron: body.cron === undefined ? (body.interval_seconds ? null : (before?.cron ?? null)) : body.cron,
    interval_seconds:
      body.interval_seconds === undefined
        ? body.cron
          ? null
          : (before?.interval_seconds ?? null)
        : body.interval_seconds,
    timezone: body.timezone ?? before?.timezone ?? 'UTC',
  };
  checkWhen(when);
  const enabled = body.enabled ?? before?.enabled ?? true;
  const next = before && !changesTime ? before.next_run_at : nextRun(when, new Date(deps.nowMs()));
  return {
    playbook_path,
    playbook_version,
    ...when,
    enabled,
    missed_runs: body.missed_runs ?? (before?.missed_runs as MissedRuns | undefined) ?? 'once',
    next_run_at: enabled ? next : null,
    input_payload: body.input_payload ?? body.payload ?? before?.input_payload ?? {},
    meta: body.meta === undefined ? (before?.meta ?? null) : body.meta,
  };
}
