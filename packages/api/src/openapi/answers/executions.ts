/** Executions, their steps and their events as the api answers them. */
import { STATUSES } from '../../routes/executions.ts';
import {
  about,
  anything,
  flag,
  id,
  list,
  mapping,
  named,
  nullable,
  number,
  object,
  text,
  time,
  whole,
  words,
  type Schema,
} from '../schema.ts';

const status = named('ExecutionStatus', words(...STATUSES));

const HEAD = {
  execution_id: id,
  catalog_id: id,
  parent_execution_id: nullable(id),
  path: text,
  version: whole,
  status,
  error: nullable(text),
  start_time: time,
  end_time: nullable(time),
  started_at: time,
  completed_at: nullable(time),
  cancel_requested: nullable(text),
  paused_at: nullable(time),
  paused: flag,
  run: about('1, and one more for each redrive.', whole),
};

const executionHead = named('ExecutionHead', object(HEAD));

export const executionPage = named(
  'ExecutionPage',
  object({ executions: list(executionHead), next: nullable(id) }),
);

const STEP = {
  step: text,
  status: text,
  visits: whole,
  error: nullable(text),
};

const stepState = named('StepState', object({ ...STEP, loop: flag, result: { type: 'null' } }));

const stepView = named(
  'StepView',
  object({ ...STEP, result: anything }, { loop: about('Where the counters of its loop are.', text) }),
);

const EVENT = {
  event_id: id,
  execution_id: id,
  event_type: text,
  node_name: text,
  status: text,
  created_at: time,
  duration: nullable(number),
  error: nullable(text),
  meta: nullable({
    ...object({}, { stdout: about('What a step has printed.', text) }),
    additionalProperties: true,
  }),
  loop_name: nullable(text),
  loop_id: nullable(id),
  current_index: nullable(whole),
  worker_id: nullable(text),
  command_id: nullable(text),
};

const event = named('Event', object(EVENT, { result: anything }));

export const eventPage = named(
  'EventPage',
  object({ execution_id: id, events: list(event), next: nullable(id) }),
);

const historyEvent = named('HistoryEvent', {
  ...object(EVENT, { result: anything, node_id: text, context: nullable(object({ command_id: text })) }),
  description: 'An event in the words of NoETL; an iteration stands for four.',
});

const pagination = object(
  { page: whole, page_size: whole, has_next: flag },
  { total_events: whole, total_pages: whole, has_prev: flag },
);

export const execution = named(
  'Execution',
  object({ ...HEAD, result: anything, steps: list(stepView), events: list(historyEvent), pagination }),
);

export function summaryOf(counters: Schema): Schema {
  return named(
    'ExecutionSummary',
    object({ ...HEAD, last_event_id: id, steps: list(stepState), loops: list(counters) }),
  );
}

export const executionState = named(
  'ExecutionState',
  object({
    execution_id: id,
    status,
    current_step: nullable(text),
    completed_steps: list(text),
    variables: mapping,
    completed: flag,
    failed: flag,
    is_cancelled: flag,
    paused: flag,
    error: nullable(text),
    progress: object({
      total_steps: whole,
      completed_steps: whole,
      running_steps: whole,
      failed_steps: whole,
    }),
  }),
);

export const cancellation = object({
  execution_id: id,
  status,
  event_type: nullable(text),
  is_cancelled: flag,
  cancelled: flag,
  completed: flag,
  failed: flag,
});

export const cancelled = object({
  status: words('cancelled', 'already_completed'),
  execution_id: id,
  cancelled_executions: list(id),
  message: text,
});

export const finalized = object({
  status: words('finalized', 'already_completed'),
  execution_id: id,
  execution_status: status,
  message: text,
});

export const started = named(
  'Started',
  object(
    {
      execution_id: id,
      status: about('`started`, or the status at the end when that was waited for.', text),
      path: text,
      version: whole,
      catalog_id: id,
    },
    { result: anything, error: nullable(text), start_time: time, end_time: nullable(time) },
  ),
);

export const rerun = object({
  execution_id: id,
  status: words('started'),
  path: text,
  version: whole,
  catalog_id: id,
  rerun_of: id,
});

export const cleanup = object({
  status: words('ok'),
  dry_run: flag,
  count: whole,
  execution_ids: list(id),
  cancelled_count: whole,
  more: about('There are more than one call ends.', flag),
});

export const pausing = named(
  'Pausing',
  object({ execution_id: id, paused: flag, changed: flag }, { step: text }),
);

export const delivery = named(
  'WebhookDelivery',
  object({
    execution_id: id,
    url: text,
    state: text,
    attempts: whole,
    next_try_at: time,
    last_error: nullable(text),
    delivered_at: nullable(time),
  }),
);

export const bulkPreview = named(
  'BulkPreview',
  object({
    dry_run: { const: true },
    count: whole,
    more: about('There are more than are counted.', flag),
    sample: list(object({ execution_id: id, path: text, status, start_time: time })),
  }),
);

export const bulkDone = named(
  'BulkDone',
  object({
    dry_run: { const: false },
    count: about('Executions that this call has tried.', whole),
    changed: list(id),
    refused: list(object({ execution_id: id, code: text, detail: text })),
    next: about('`after` of the next call; null when there is nothing more.', nullable(id)),
  }),
);
