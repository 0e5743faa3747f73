/** Reading executions, and cancelling them. Every status is the one of the execution's row. */
import type { Response, Router } from 'express';
import { NoetlError, type ExecutionStatus, type Id } from '@noetl/protocol';
import {
  descendants,
  getExecution,
  listEvents,
  listExecutions,
  readVars,
  stepSummaries,
  type ExecutionHead,
  type ExecutionRow,
} from '@noetl/store';
import { accessOf } from '../access/caller.ts';
import { live } from '../http/live.ts';
import { id, readQuery, text, time, wholeNumber, word } from '../http/query.ts';
import { bodyReader, idOf, jsonBody } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';
import { historyPage } from './history.ts';

export const STATUSES: readonly ExecutionStatus[] = [
  'PENDING',
  'RUNNING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
];
/** How often a list that is watched is read. */
const LIST_EVERY_MS = 1_000;
const PAGE = { fallback: 100, min: 1, max: 500 };

/** The event that an execution of this status ended with. */
const TERMINAL: Partial<Record<ExecutionStatus, string>> = {
  COMPLETED: 'playbook.completed',
  FAILED: 'playbook.failed',
  CANCELLED: 'execution.cancelled',
};

export const EXECUTIONS_QUERY = {
  status: word(STATUSES),
  path: text('of this playbook'),
  catalog_id: id(),
  limit: wholeNumber(PAGE),
  offset: wholeNumber({ fallback: 0, min: 0, max: 1_000_000 }),
  after: id('`next` of the page before'),
  since: time('started at or after this time'),
  until: time('started before this time'),
};

export const EXECUTION_QUERY = {
  page: wholeNumber({ fallback: 1, min: 1, max: 1_000_000 }),
  page_size: wholeNumber(PAGE, 'events of a page'),
  since_event_id: id('only events after this one'),
};

export const readCancel = bodyReader<{ reason?: string | null; cascade?: boolean }>({
  type: 'object',
  properties: { reason: { type: ['string', 'null'], maxLength: 1000 }, cascade: { type: 'boolean' } },
});

export function executionRoutes(router: Router, deps: ApiDeps): void {
  router.get('/executions', async (request, response) => {
    const { prefixes } = accessOf(response);
    const filter = { ...readQuery(EXECUTIONS_QUERY, request.query), prefixes };
    await live(request, response, LIST_EVERY_MS, async () => {
      const rows = await listExecutions(deps.store, filter);
      const next = rows.length === filter.limit ? (rows.at(-1)?.execution_id ?? null) : null;
      return { value: { executions: rows.map(shown), next }, ended: false };
    });
  });

  router.get('/executions/:id', async (request, response) => {
    const execution = await executionOf(deps, request.params.id);
    const { page, page_size: size, since_event_id: since } = readQuery(EXECUTION_QUERY, request.query);
    const steps = await summary(deps, execution.execution_id);
    const base = { ...shown(execution), steps };
    if (since === undefined) {
      response.json({
        ...base,
        ...(await historyPage(deps, execution.execution_id, { page, page_size: size })),
      });
      return;
    }
    const events = await listEvents(deps.store, execution.execution_id, {
      limit: size,
      order: 'desc',
      after: since,
    });
    response.json({
      ...base,
      events,
      pagination: { page: 1, page_size: size, has_next: events.length === size },
    });
  });

  router.get('/executions/:id/status', async (request, response) => {
    response.json(await statusOf(deps, await executionOf(deps, request.params.id)));
  });

  router.get('/executions/:id/cancellation-check', async (request, response) => {
    const { execution_id, status, end_time } = await executionOf(deps, request.params.id);
    const is_cancelled = status === 'CANCELLED';
    const ends = { cancelled: is_cancelled, completed: status === 'COMPLETED', failed: status === 'FAILED' };
    const event_type = end_time === null ? null : TERMINAL[status];
    response.json({ execution_id, status, event_type, is_cancelled, ...ends });
  });

  router.post('/executions/:id/cancel', async (request, response) => {
    const { reason, cascade } = readCancel(jsonBody(request));
    const { execution_id, end_time } = await executionOf(deps, request.params.id);
    if (end_time === null) await deps.cancel(execution_id, reason ?? 'cancelled by request', cascade ?? true);
    const now = await executionOf(deps, execution_id);
    const cancelled = end_time === null && now.status === 'CANCELLED';
    response.json({
      status: cancelled ? 'cancelled' : 'already_completed',
      execution_id,
      cancelled_executions: cancelled ? [execution_id, ...(await cancelledBelow(deps, execution_id))] : [],
      message: cancelled
        ? 'The execution is cancelled; what runs now stops within seconds.'
        : `The execution had already ended: ${now.status}.`,
    });
  });
}

/** How far an execution has come, in the words of both of NoETL's servers. */
async function statusOf(deps: ApiDeps, execution: ExecutionRow): Promise<object> {
  const { status, execution_id, error } = execution;
  const steps = await stepSummaries(deps.store, execution_id, { results: false });
  const variables = await readVars(deps.store, execution_id);
  const names = (wanted: string): string[] =>
    steps.filter((step) => step.status === wanted).map((step) => step.step);
  return {
    execution_id,
    status,
    current_step: names('RUNNING').at(-1) ?? null,
    completed_steps: names('COMPLETED'),
    variables: Object.fromEntries(variables.map(({ name, value }) => [name, value])),
    completed: status === 'COMPLETED',
    failed: status === 'FAILED',
    is_cancelled: status === 'CANCELLED',
    paused: execution.paused_at !== null && execution.end_time === null,
    error,
    progress: {
      total_steps: steps.length,
      completed_steps: names('COMPLETED').length,
      running_steps: names('RUNNING').length,
      failed_steps: names('FAILED').length,
    },
  };
}

/** Children that are cancelled, or about to be. */
async function cancelledBelow(deps: ApiDeps, executionId: Id): Promise<Id[]> {
  const below = await descendants(deps.store, executionId);
  return below
    .filter(({ status }) => ['PENDING', 'RUNNING', 'CANCELLED'].includes(status))
    .map((child) => child.execution_id);
}

/** Throws EXECUTION_UNKNOWN. */
export async function executionOf(deps: ApiDeps, text: unknown): Promise<ExecutionRow> {
  const id = idOf(text, 'the execution id');
  const execution = await getExecution(deps.store, id);
  if (!execution) throw new NoetlError('EXECUTION_UNKNOWN', `there is no execution ${id}`);
  return execution;
}

/** The same for an execution that the body or the query names: only one that the caller may touch. */
export async function executionFor(deps: ApiDeps, response: Response, text: unknown): Promise<ExecutionRow> {
  const execution = await executionOf(deps, text);
  const { execution_id: id, path } = execution;
  accessOf(response).check(path, new NoetlError('EXECUTION_UNKNOWN', `there is no execution ${id}`));
  return execution;
}

export function shown({ last_event_id: _, ...row }: ExecutionHead & Partial<ExecutionRow>): object {
  const { start_time: started_at, end_time: completed_at, paused_at } = row;
  return { ...row, started_at, completed_at, paused: paused_at !== null && completed_at === null };
}

/** The steps of an execution; loops with the way to their counters. */
async function summary(deps: ApiDeps, executionId: Id): Promise<object[]> {
  const steps = await stepSummaries(deps.store, executionId, { results: true });
  return steps.map(({ loop, ...step }) => ({
    ...step,
    ...(loop && { loop: `/api/executions/${executionId}/loops/${encodeURIComponent(step.step)}` }),
  }));
}
