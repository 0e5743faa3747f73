/** Results of steps, and values that are kept on their own: read as they are, or with references resolved. */
import { createHash } from 'node:crypto';
import type { Router } from 'express';
import { nativeValue } from '@noetl/playbook';
import {
  hole,
  isJsonObject,
  NoetlError,
  parseRef,
  refOf,
  type Id,
  type Json,
  type JsonObject,
} from '@noetl/protocol';
import { dropKept, keepValue, listKept, loadValue, stepResult } from '@noetl/store';
import { flag, readQuery, required, text, wholeNumber } from '../http/query.ts';
import { bodyReader, jsonBody } from '../http/request.ts';
import { executionFor, executionOf } from './executions.ts';
import type { ApiDeps } from './deps.ts';

/** References inside references, at most so deep. */
const DEPTH_MAX = 8;

export const KEPT_QUERY = { limit: wholeNumber({ fallback: 100, min: 1, max: 1000 }) };
export const RESULT_QUERY = { resolve: flag(true, 'references filled in') };
export const RESOLVE_QUERY = {
  ref: required(text('noetl://<execution>/<kind>/<id>'), 'Name the reference: ?ref=noetl://…'),
};

interface KeepBody {
  name?: string;
  data: Json;
  scope?: string;
  store?: string;
  ttl?: number;
  source_step?: string;
}

export const readKeep = bodyReader<KeepBody>({
  type: 'object',
  required: ['data'],
  properties: {
    name: { type: 'string', maxLength: 200 },
    data: {},
    scope: { enum: ['step', 'execution', 'workflow', 'permanent'] },
    store: { type: 'string', maxLength: 50 },
    ttl: { type: 'number', exclusiveMinimum: 0 },
    source_step: { type: 'string', maxLength: 200 },
  },
});

/** `temp` is an older name of `result`. */
export function resultRoutes(router: Router, deps: ApiDeps): void {
  for (const base of ['/result', '/temp'] as const) keptRoutes(router, deps, base);
}

function keptRoutes(router: Router, deps: ApiDeps, base: '/result' | '/temp'): void {
  router.put(`${base}/:execution_id`, async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.execution_id);
    const { data, name, scope, store, ttl, source_step } = readKeep(jsonBody(request));
    const text = JSON.stringify(data);
    const kept = await keepValue(deps.store, {
      execution_id,
      text,
      ...(name !== undefined && { name }),
      ...(scope !== undefined && { scope }),
      ...(store !== undefined && { store }),
      ...(ttl !== undefined && { ttl_s: ttl }),
      ...(source_step !== undefined && { step: source_step }),
    });
    const { ref, bytes, expires_at } = kept;
    const sha256 = createHash('sha256').update(text).digest('hex');
    response.status(201).json({ ref, store: kept['store'], scope: kept['scope'], expires_at, bytes, sha256 });
  });

  router.get(`${base}/resolve`, async (request, response) => {
    const { ref } = readQuery(RESOLVE_QUERY, request.query);
    const parsed = parseRef(ref);
    if (!parsed) throw new NoetlError('BODY_INVALID', `"${ref}" is no reference to a stored value`);
    const { execution_id } = await executionFor(deps, response, parsed.executionId);
    response.json({ ref, data: await loadValue(deps.store, execution_id, ref) });
  });

  router.get(`${base}/:execution_id/list`, async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.execution_id);
    const { limit } = readQuery(KEPT_QUERY, request.query);
    const results = await listKept(deps.store, execution_id, limit);
    response.json({ execution_id, results, count: results.length });
  });

  router.get(`${base}/:execution_id/:name`, async (request, response) => {
    const execution = await executionOf(deps, request.params.execution_id);
    const { name: step } = request.params;
    const value = await stepResult(deps.store, execution.execution_id, step);
    if (value === undefined)
      throw new NoetlError('RESULT_UNKNOWN', `step "${step}" of this execution has no result`);
    const playbook = await deps.playbook(execution.catalog_id);
    const written = playbook.steps.find((candidate) => candidate.name === step);
    const isPipeline =
      written !== undefined &&
      written.tasks.length > 1 &&
      !written.loop &&
      isJsonObject(value) &&
      'last' in value;
    const { resolve: wanted } = readQuery(RESULT_QUERY, request.query);
    const whole = isPipeline ? spread(value) : value;
    const data = wanted ? await resolved(deps, execution.execution_id, whole) : whole;
    response.json({ execution_id: execution.execution_id, step, data });
  });

  router.delete(`${base}/:execution_id/:name`, async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.execution_id);
    const dropped = await dropKept(deps.store, execution_id, request.params.name);
    if (!dropped) throw new NoetlError('RESULT_UNKNOWN', `there is no stored value ${request.params.name}`);
    response.json({ status: 'deleted' });
  });
}

/** A pipeline's value in all its spellings: the last task's fields, each task by name, all under `results`. */
function spread(value: JsonObject): Json {
  const native = nativeValue(value, 'pipeline');
  const { results } = value;
  return isJsonObject(native) && isJsonObject(results) ? { ...results, ...native } : native;
}

/** The value with its references filled in; lists beyond 10,000 items stay references. */
async function resolved(deps: ApiDeps, executionId: Id, value: Json, depth = 0): Promise<Json> {
  const ref = refOf(value);
  if (ref && depth < DEPTH_MAX) {
    const loaded = await loadValue(deps.store, executionId, ref.ref).catch((error: unknown) => {
      if (error instanceof NoetlError && error.code === 'VALUE_TOO_LARGE') return undefined;
      throw error;
    });
    if (loaded === undefined) return hole(ref);
    const content = await resolved(deps, executionId, loaded, depth + 1);
    // Selected fields and the facts of the stored value stand beside it.
    return isJsonObject(content) && isJsonObject(value) ? { ...value, ...content } : content;
  }
  if (Array.isArray(value)) return Promise.all(value.map((item) => resolved(deps, executionId, item, depth)));
  if (!isJsonObject(value)) return value;
  const filled: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    filled[key] = key === '_ref' ? item : await resolved(deps, executionId, item, depth);
  }
  return filled;
}
