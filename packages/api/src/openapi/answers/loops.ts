/** Loops: counters, items, what failed and what runs again. */
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
} from '../schema.ts';

export const counters = named(
  'LoopCounters',
  object({
    execution_id: id,
    step: text,
    loop_id: id,
    epoch: about('How often the step has been entered; a redrive is none of its own.', whole),
    redrive_of: nullable(id),
    run: whole,
    status: words('RUNNING', 'STOPPING', 'COMPLETED', 'FAILED', 'ABORTED'),
    paused: flag,
    mode: words('sequential', 'parallel'),
    pending: whole,
    running: whole,
    succeeded: whole,
    failed: whole,
    timed_out: whole,
    aborted: whole,
    total: whole,
    results_written: whole,
    failures_not_redrivable: whole,
    pending_redrive: whole,
    max_concurrency: nullable(whole),
    items_per_second: number,
    eta: about('Seconds until the end at the present rate.', nullable(whole)),
    start_date: time,
    stop_date: nullable(time),
  }),
);

export const loopList = object({ execution_id: id, loops: list(counters) });

export const item = named(
  'LoopItem',
  object({
    current_index: whole,
    status: text,
    result: about('With `preview`, the beginning of its JSON text.', anything),
    error: nullable(text),
    current_item: nullable(text),
    duration: nullable(number),
    worker_id: nullable(text),
  }),
);

export const itemPage = named(
  'LoopItemPage',
  object({ execution_id: id, step: text, loop_id: id, items: list(item), next: nullable(whole) }),
);

export const loopMap = named(
  'LoopMap',
  object({
    execution_id: id,
    step: text,
    loop_id: id,
    total: whole,
    done: list(whole),
    failed: list(whole),
    running: about('Index ranges `[from, to)` that workers hold.', {
      type: 'array',
      items: { type: 'array', prefixItems: [whole, whole], minItems: 2, maxItems: 2 },
    }),
    throughput: list(whole),
    slot_ms: whole,
  }),
);

export const results = object({
  status: words('ok'),
  method: text,
  results: list(anything),
  count: whole,
  last_index: whole,
  total: whole,
});

const deadLetters = named(
  'DeadLetters',
  object({
    step: text,
    code: nullable(text),
    kind: nullable(text),
    message_class: text,
    count: whole,
    sample: object({ index: whole, item: nullable(text), error: nullable(mapping) }),
    redrive: about(
      'The body that runs its items again.',
      object({ step: text, loop_id: id, message_class: text }, { error_class: text }),
    ),
  }),
);

export const deadLetterList = object({ execution_id: id, groups: list(deadLetters) });

export const redrivePreview = named(
  'RedrivePreview',
  object({
    execution_id: id,
    step: text,
    loop_id: id,
    dry_run: flag,
    items: whole,
    sample: list(object({ index: whole, status: nullable(text), error: nullable(text) })),
  }),
);

export const redriven = named(
  'Redriven',
  object({ execution_id: id, step: text, redrive_of: id, run: whole, loop_id: id, items: whole }),
);
