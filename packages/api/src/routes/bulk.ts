/**
 * One action on many executions: those that a filter names and to which it applies, the newest first. A call does as
 * many as its bound allows and says where the next one goes on; executions that begin meanwhile are never among them.
 */
import type { Response, Router } from 'express';
import { NoetlError, type Id } from '@noetl/protocol';
import { countExecutions, listExecutions, type ExecutionFilter, type ExecutionHead } from '@noetl/store';
import { accessOf } from '../access/caller.ts';
import { bodyReader, idOf, jsonBody, timeOf, wordOf } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';
import { executionOf, STATUSES } from './executions.ts';
import { newestLoop } from './loops.ts';
import { pause } from './pause.ts';
import { SELECTION, selectorOf, type Selection } from './redrive.ts';

/** Executions of one call. */
const LIMIT = { fallback: 100, max: 500 };
/** A dry run counts no further. */
const COUNT_MAX = 100_000;
const SAMPLE = 10;

interface Filter {
  status?: string;
  path?: string;
  catalog_id?: string;
  since?: string;
  until?: string;
}

interface BulkBody extends Filter {
  limit?: number;
  after?: string;
  dry_run?: boolean;
}

const FILTER = {
  status: { type: 'string', description: STATUSES.join(', ') },
  path: { type: 'string', minLength: 1 },
  catalog_id: { type: 'string' },
  since: { type: 'string', description: 'Started at or after this time.' },
  until: { type: 'string', description: 'Started before this time.' },
  limit: { type: 'integer', minimum: 1, maximum: LIMIT.max, default: LIMIT.fallback },
  after: { type: 'string', description: '`next` of the call before.' },
  dry_run: { type: 'boolean', description: 'Only say how many, and show some.' },
};

export const readBulk = bodyReader<BulkBody>({
  type: 'object',
  properties: FILTER,
  additionalProperties: false,
});
export const readBulkCancel = bodyReader<BulkBody & { reason?: string; cascade?: boolean }>({
  type: 'object',
  properties: { ...FILTER, reason: { type: 'string', maxLength: 1000 }, cascade: { type: 'boolean' } },
  additionalProperties: false,
});
export const readBulkRedrive = bodyReader<BulkBody & Selection>({
  type: 'object',
  required: ['step'],
  properties: { ...FILTER, ...SELECTION },
  additionalProperties: false,
});

export function bulkRoutes(router: Router, deps: ApiDeps): void {
  router.post('/bulk/cancel', async (request, response) => {
    const { reason = 'cancelled by request', cascade = true, ...body } = readBulkCancel(jsonBody(request));
    const act = (id: Id): Promise<void> => deps.cancel(id, reason, cascade);
    response.json(await bulk(deps, body, within(response, { ended: false }), act));
  });

  for (const [verb, paused] of [
    ['pause', true],
    ['resume', false],
  ] as const)
    router.post(`/bulk/${verb}`, async (request, response) => {
      const act = (id: Id): Promise<unknown> => pause(deps, id, paused);
      const applicable = within(response, { ended: false, paused: !paused });
      response.json(await bulk(deps, readBulk(jsonBody(request)), applicable, act));
    });

  router.post('/bulk/redrive', async (request, response) => {
    const { state, indexes, error_class, message_class, step, ...body } = readBulkRedrive(jsonBody(request));
    const { selector } = selectorOf({
      step,
      ...(state && { state }),
      ...(indexes !== undefined && { indexes }),
      ...(error_class !== undefined && { error_class }),
      ...(message_class !== undefined && { message_class }),
    });
    const act = async (id: Id): Promise<void> => {
      const { loop } = await newestLoop(deps, id, step);
      await deps.admit();
      await deps.redrive(await executionOf(deps, id), { step, loop_id: loop.loop_id, selector });
    };
    response.json(await bulk(deps, body, within(response, { ended: true, loop: step }), act));
  });
}

/** Only what the caller may touch. */
function within(response: Response, applicable: ExecutionFilter): ExecutionFilter {
  return { ...applicable, prefixes: accessOf(response).prefixes };
}

/** Throws BULK_FILTER_EMPTY, BODY_INVALID. */
async function bulk(
  deps: ApiDeps,
  { limit = LIMIT.fallback, after, dry_run = false, ...given }: BulkBody,
  applicable: ExecutionFilter,
  act: (executionId: Id) => Promise<unknown>,
): Promise<object> {
  const filter = {
    ...filterOf(given),
    ...applicable,
    ...(after !== undefined && { after: idOf(after, 'after') }),
  };
  if (dry_run) {
    const count = await countExecutions(deps.store, filter, COUNT_MAX);
    const sample = await listExecutions(deps.store, { ...filter, limit: SAMPLE });
    return { dry_run, count, more: count === COUNT_MAX, sample: sample.map(shown) };
  }
  const rows = await listExecutions(deps.store, { ...filter, limit });
  const changed: Id[] = [];
  const refused: object[] = [];
  for (const { execution_id } of rows)
    try {
      await act(execution_id);
      changed.push(execution_id);
    } catch (error) {
      // What is wrong with one is no reason to stop; an overloaded or broken server is.
      if (!(error instanceof NoetlError) || ['unavailable', 'bug'].includes(error.category)) throw error;
      refused.push({ execution_id, code: error.code, detail: error.message });
    }
  const next = rows.length === limit ? (rows.at(-1)?.execution_id ?? null) : null;
  return { dry_run, count: rows.length, changed, refused, next };
}

function filterOf({ status, path, catalog_id, since, until }: Filter): ExecutionFilter {
  const wanted = wordOf(status, 'status', STATUSES);
  const filter = {
    ...(wanted && { status: wanted }),
    ...(path !== undefined && { path }),
    ...(catalog_id !== undefined && { catalog_id: idOf(catalog_id, 'catalog_id') }),
    ...(since !== undefined && { since: timeOf(since, 'since') }),
    ...(until !== undefined && { until: timeOf(until, 'until') }),
  };
  if (Object.keys(filter).length === 0)
    throw new NoetlError('BULK_FILTER_EMPTY', 'the request does not say which executions');
  return filter;
}

function shown({ execution_id, path, status, start_time }: ExecutionHead): object {
  return { execution_id, path, status, start_time };
}
