/** Executions again, and executions that nothing will end by itself: rerun, finalize, cleanup. */
import type { Router } from 'express';
import { mergeDeep } from '@noetl/playbook';
import type { JsonObject } from '@noetl/protocol';
import { executionPayload, stuckExecutions } from '@noetl/store';
import { accessOf } from '../access/caller.ts';
import { bodyReader, jsonBody } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';
import { begin } from './execute.ts';
import { executionOf } from './executions.ts';

/** Executions that one cleanup ends. */
const CLEANUP_MAX = 100;
const IDLE_MINUTES = 60;

const mapping = { type: ['object', 'null'] };
const reason = { type: ['string', 'null'], maxLength: 1000 };

export const readRerun = bodyReader<{ payload?: JsonObject | null; workload?: JsonObject | null }>({
  type: 'object',
  properties: { payload: mapping, workload: mapping },
});
export const readFinalize = bodyReader<{ reason?: string | null }>({
  type: 'object',
  properties: { reason },
});
export const readCleanup = bodyReader<{
  older_than_minutes?: number;
  dry_run?: boolean;
  reason?: string | null;
}>({
  type: 'object',
  properties: {
    older_than_minutes: { type: 'number', minimum: 0 },
    dry_run: { type: 'boolean' },
    reason,
  },
});

export function upkeepRoutes(router: Router, deps: ApiDeps): void {
  router.post('/executions/:id/rerun', async (request, response) => {
    const { payload, workload } = readRerun(jsonBody(request));
    const before = await executionOf(deps, request.params.id);
    await deps.admit();
    const given = await executionPayload(deps.store, before.execution_id);
    // The same version, whatever has been registered since.
    const { execution_id } = await begin(deps, before, {
      execution_id: deps.newId(),
      payload: [workload, payload].reduce<JsonObject>((merged, part) => mergeDeep(merged, part ?? {}), given),
    });
    const { path, version, catalog_id } = before;
    const rerun_of = before.execution_id;
    response.status(201).json({ execution_id, status: 'started', path, version, catalog_id, rerun_of });
  });

  router.post('/executions/:id/finalize', async (request, response) => {
    const { reason: why } = readFinalize(jsonBody(request));
    const { execution_id, end_time } = await executionOf(deps, request.params.id);
    if (end_time === null) await deps.cancel(execution_id, why ?? 'finalized by request', true);
    const now = await executionOf(deps, execution_id);
    const finalized = end_time === null && now.end_time !== null;
    response.json({
      status: finalized ? 'finalized' : 'already_completed',
      execution_id,
      execution_status: now.status,
      message: finalized
        ? 'The execution has been ended; what runs now stops within seconds.'
        : `The execution had already ended: ${now.status}.`,
    });
  });

  router.post('/executions/cleanup', async (request, response) => {
    const {
      older_than_minutes = IDLE_MINUTES,
      dry_run = false,
      reason: why,
    } = readCleanup(jsonBody(request));
    const stuck = await stuckExecutions(deps.store, {
      idle_ms: older_than_minutes * 60_000,
      limit: CLEANUP_MAX,
      prefixes: accessOf(response).prefixes,
    });
    const ids = stuck.map(({ execution_id }) => execution_id);
    if (!dry_run)
      for (const id of ids)
        await deps.cancel(id, why ?? `nothing has happened for ${String(older_than_minutes)} minutes`, true);
    response.json({
      status: 'ok',
      dry_run,
      count: ids.length,
      execution_ids: ids,
      cancelled_count: dry_run ? 0 : ids.length,
      more: ids.length === CLEANUP_MAX,
    });
  });
}
