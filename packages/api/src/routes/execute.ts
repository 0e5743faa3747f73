/** Starting executions. The row exists, and its first steps are on their way, before the answer. */
import { createHash } from 'node:crypto';
import type { Request, Response, Router } from 'express';
import { onFeed } from '@noetl/bus';
import { TIMEOUT_MAX_S, mergeDeep } from '@noetl/playbook';
import { NoetlError, type Id, type Json, type JsonObject } from '@noetl/protocol';
import { traceparentOf } from '@noetl/service';
import {
  createExecution,
  findHead,
  getExecution,
  isKeyTaken,
  playbookHead,
  sealWebhook,
  type CatalogHead,
  type ExecutionRow,
  type NewExecution,
} from '@noetl/store';
import { accessOf, type Access } from '../access/caller.ts';
import { Bell } from '../http/bell.ts';
import { readQuery, wholeNumber } from '../http/query.ts';
import { bodyReader, jsonBody } from '../http/request.ts';
import { webhookOf } from '../webhooks.ts';
import { catalogIdOf } from './catalog.ts';
import { executionFor } from './executions.ts';
import type { ApiDeps } from './deps.ts';

interface ExecuteBody {
  path?: string;
  catalog_id?: string | number;
  version?: number | 'latest';
  parent_execution_id?: string | null;
  payload?: JsonObject | null;
  workload?: JsonObject | null;
  args?: JsonObject | null;
  input?: JsonObject | null;
  parameters?: JsonObject | null;
  /** Seconds after which it fails; else what the playbook says. */
  timeout?: number | null;
  /** Told when the execution has ended: a URL, or {url, secret, headers}. */
  webhook?: Json;
}

const mapping = { type: ['object', 'null'] };
export const readExecute = bodyReader<ExecuteBody>({
  type: 'object',
  properties: {
    path: { type: 'string', minLength: 1 },
    catalog_id: { type: ['string', 'integer'] },
    version: { anyOf: [{ type: 'integer', minimum: 1 }, { const: 'latest' }] },
    parent_execution_id: { type: ['string', 'null'] },
    payload: mapping,
    workload: mapping,
    args: mapping,
    input: mapping,
    parameters: mapping,
    timeout: { type: ['number', 'null'], exclusiveMinimum: 0, maximum: TIMEOUT_MAX_S },
    webhook: { type: ['string', 'object', 'null'] },
  },
  anyOf: [{ required: ['path'] }, { required: ['catalog_id'] }],
});

export const EXECUTE_QUERY = {
  wait: wholeNumber({ fallback: 0, min: 0, max: 60 }, 'seconds to wait for the end'),
};

const POLL_MS = 250;
const KEY_MAX = 255;

export function executeRoutes(router: Router, deps: ApiDeps): void {
  const execute = async (request: Request, response: Response): Promise<void> => {
    const { wait: waitS } = readQuery(EXECUTE_QUERY, request.query);
    const body = readExecute(jsonBody(request));
    const access = accessOf(response);
    const entry = await playbook(deps, body, access);
    const given = idempotency(request, body);
    await deps.admit().catch(async (error: unknown) => {
      // What was taken in before is answered again, however full it is now.
      if (!(await isKeyTaken(deps.store, given.idempotency_key))) throw error;
    });
    const payload = payloadOf(body);
    const parent = body.parent_execution_id
      ? { parent_execution_id: (await executionFor(deps, response, body.parent_execution_id)).execution_id }
      : {};
    const newId = deps.newId();
    const traceparent = traceparentOf(request.get('traceparent'));
    const target = webhookOf(body.webhook);
    const { execution_id, created } = await begin(deps, entry, {
      execution_id: newId,
      payload,
      ...(typeof body.timeout === 'number' && { timeout_s: body.timeout }),
      ...(target && sealWebhook(deps.sealer, newId, target)),
      ...(traceparent !== undefined && { traceparent }),
      ...parent,
      ...given,
    });
    access.note({ object: `execution ${execution_id}` });
    const ended = waitS > 0 ? await outcome(deps, execution_id, waitS * 1000) : undefined;
    const stored = created ? entry : ((await getExecution(deps.store, execution_id)) ?? entry);
    const { path, version, catalog_id } = stored;
    const started = { execution_id, status: 'started', path, version, catalog_id };
    response.status(created ? 201 : 200).json(ended ? { ...started, ...ended } : started);
  };
  router.post('/execute', execute);
  router.post('/run/playbook', execute);
}

/** Throws PATH_UNKNOWN, VERSION_UNKNOWN, PLAYBOOK_KIND. */
async function playbook(
  deps: ApiDeps,
  { catalog_id, path = '', version }: ExecuteBody,
  access: Access,
): Promise<CatalogHead> {
  if (catalog_id === undefined) {
    access.check(path, new NoetlError('PATH_UNKNOWN', `the catalog has no playbook "${path}"`));
    return playbookHead(deps.store, { path, ...(typeof version === 'number' && { version }) });
  }
  const head = await findHead(deps.store, { catalog_id: catalogIdOf(catalog_id) });
  const unknown = new NoetlError('VERSION_UNKNOWN', `the catalog has no entry ${String(catalog_id)}`);
  if (!head) throw unknown;
  access.check(head.path, unknown);
  return playbookHead(deps.store, head);
}

/** Stores a new execution and starts its first steps. */
export async function begin(
  deps: ApiDeps,
  { catalog_id, path, version }: Pick<CatalogHead, 'catalog_id' | 'path' | 'version'>,
  execution: Omit<NewExecution, 'catalog_id' | 'path' | 'version'>,
): Promise<{ execution_id: Id; created: boolean }> {
  const { timeout_s = (await deps.playbook(catalog_id)).timeout_s } = execution;
  const timed = { ...execution, ...(timeout_s !== undefined && { timeout_s }) };
  const stored = await createExecution(deps.store, { ...timed, catalog_id, path, version });
  const { execution_id, fresh } = stored;
  // A failure here costs time, not the execution: the relay starts what nobody has started.
  if (fresh)
    await deps
      .start(fresh)
      .catch((error: unknown) => deps.log.warn('the relay will start an execution', { execution_id, error }));
  return { execution_id, created: fresh !== undefined };
}

/** All spellings of the request's values in one; `payload` itself may hold `workload` and `ctx`. */
function payloadOf({ payload, workload, args, input, parameters }: ExecuteBody): JsonObject {
  return [parameters, input, args, workload, payload].reduce<JsonObject>(
    (merged, part) => mergeDeep(merged, part ?? {}),
    {},
  );
}

/** The request as it was sent: a version registered in between makes it no other request. */
function idempotency(
  request: Request,
  body: ExecuteBody,
): { idempotency_key?: string; request_hash?: string } {
  const key = request.get('idempotency-key');
  if (key === undefined) return {};
  if (key === '' || key.length > KEY_MAX)
    throw new NoetlError('BODY_INVALID', `Idempotency-Key must have 1 to ${String(KEY_MAX)} characters`);
  const request_hash = createHash('sha256').update(JSON.stringify(body)).digest('hex');
  return { idempotency_key: key, request_hash };
}

/** The outcome, if it comes within the time. */
async function outcome(deps: ApiDeps, executionId: Id, waitMs: number): Promise<object | undefined> {
  const until = performance.now() + waitMs;
  const bell = new Bell();
  const feed = onFeed(deps.bus, executionId, (status) => {
    if (status !== 'RUNNING') bell.ring();
  });
  try {
    for (;;) {
      const row = await getExecution(deps.store, executionId);
      if (row?.end_time) return ending(row);
      const left = until - performance.now();
      if (left <= 0) return undefined;
      await bell.wait(Math.min(POLL_MS, left));
    }
  } finally {
    await feed.stop();
  }
}

function ending({ status, result, error, start_time, end_time }: ExecutionRow): object {
  return { status, result, error, start_time, end_time };
}
