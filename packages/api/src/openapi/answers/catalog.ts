/** The catalog, schedules, and how playbooks look. */
import {
  anything,
  flag,
  id,
  list,
  mapping,
  named,
  nullable,
  object,
  text,
  time,
  whole,
  words,
} from '../schema.ts';
import { finding } from './problem.ts';

const HEAD = { catalog_id: id, path: text, version: whole, kind: text, created_at: time };

const head = named('CatalogHead', object(HEAD));

export const entry = named('CatalogEntry', object({ ...HEAD, content: text }));

export const entryWithVersions = named(
  'CatalogEntryWithVersions',
  object({ ...HEAD, content: text, versions: list(head) }),
);

export const catalogPage = named('CatalogPage', object({ entries: list(head), next: nullable(text) }));

export const registered = named(
  'Registered',
  object({
    status: words('success'),
    message: text,
    path: text,
    version: whole,
    catalog_id: id,
    kind: text,
    warnings: list(finding),
  }),
);

const GRAPH = {
  entry_step: text,
  steps: list(object({ name: text, desc: nullable(text), kinds: list(text), loop: flag })),
  arcs: list(object({ from: text, to: text, conditional: flag })),
};

export const graph = named('ExecutionGraph', object({ execution_id: id, ...GRAPH }));

export const validation = named(
  'Validation',
  object(
    { valid: flag, faults: list(finding), warnings: list(finding) },
    { path: text, workload: mapping, graph: named('PlaybookGraph', object(GRAPH)) },
  ),
);

export const schedule = named(
  'Schedule',
  object({
    schedule_id: id,
    playbook_path: text,
    playbook_version: nullable(whole),
    cron: nullable(text),
    interval_seconds: nullable(whole),
    enabled: flag,
    timezone: text,
    missed_runs: words('skip', 'once', 'all'),
    next_run_at: nullable(time),
    last_run_at: nullable(time),
    last_execution_id: nullable(id),
    last_status: nullable(text),
    input_payload: mapping,
    meta: anything,
    created_at: time,
    updated_at: time,
  }),
);

export const scheduleList = object({ schedules: list(schedule) });
export const scheduleDeleted = object({ status: words('deleted'), schedule_id: id });
export const scheduleRun = object({ execution_id: id, status: text });
