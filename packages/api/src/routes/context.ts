/** Templates tried out against a running or ended execution: what would they give? Secrets are out of reach. */
import type { Router } from 'express';
import { NeedsValue, render, scopeOf, type Scope } from '@noetl/playbook';
import { NoetlError, type Context, type Id, type Json, type JsonObject } from '@noetl/protocol';
import { loadValue, withExecution } from '@noetl/store';
import { fold, stateOf } from '../folding.ts';
import { bodyReader, idOf, jsonBody } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';
import { executionFor } from './executions.ts';

const LOADS_MAX = 32;

interface RenderBody {
  execution_id: string;
  template: Json;
  extra_context?: JsonObject | null;
  strict?: boolean;
}

export const readRender = bodyReader<RenderBody>({
  type: 'object',
  required: ['execution_id', 'template'],
  properties: {
    execution_id: { type: 'string' },
    template: {},
    extra_context: { type: ['object', 'null'] },
    strict: { type: 'boolean' },
  },
});

export function contextRoutes(router: Router, deps: ApiDeps): void {
  router.post('/context/render', async (request, response) => {
    const body = readRender(jsonBody(request));
    const id = idOf(body.execution_id, 'execution_id');
    const { execution_id, catalog_id } = await executionFor(deps, response, id);
    const context = await contextOf(deps, execution_id, catalog_id);
    const names = { now_ms: deps.nowMs(), ...body.extra_context };
    const loaded = new Map<string, Json>();
    const missing = new Set<string>();
    const scope = noting(
      missing,
      scopeOf(context, names, (ref) => loaded.get(ref)),
    );
    const rendered = await withValues(deps, execution_id, loaded, () => render(body.template, scope));
    if (body.strict === true && missing.size > 0)
      throw new NoetlError(
        'TEMPLATE_ERROR',
        `the template names what is not there: ${[...missing].join(', ')}`,
      );
    const context_keys = [...Object.keys(context.vars), ...Object.keys(context.steps)];
    response.json({ status: 'ok', rendered, context_keys: [...new Set(context_keys)].sort() });
  });
}

/** Variables and step values as the events tell them now. */
async function contextOf(deps: ApiDeps, executionId: Id, catalogId: Id): Promise<Context> {
  const playbook = await deps.playbook(catalogId);
  const state = await withExecution(deps.store, executionId, (_, locked) =>
    Promise.resolve(fold(stateOf(locked.snapshot), locked.events, playbook)),
  );
  if (!state) throw new NoetlError('EXECUTION_UNKNOWN', `there is no execution ${executionId}`);
  const { path, vars, values, kinds, last, payload } = state;
  return {
    execution_id: executionId,
    catalog_id: catalogId,
    path,
    vars,
    steps: values,
    step_kinds: kinds,
    ...(last !== undefined && { last }),
    args: {},
    payload,
  };
}

/** The same scope; names that are asked for in vain are noted. */
function noting(missing: Set<string>, scope: Scope): Scope {
  const lookup = (name: string): unknown => {
    const value = scope.lookup(name);
    if (value === undefined) missing.add(name);
    return value;
  };
  return { ...scope, lookup };
}

/** Stored values that the template looks into are loaded, and it is rendered again. */
async function withValues(
  deps: ApiDeps,
  executionId: Id,
  loaded: Map<string, Json>,
  work: () => Json,
): Promise<Json> {
  for (let round = 0; round < LOADS_MAX; round += 1) {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof NeedsValue)) throw error;
      for (const ref of error.refs) loaded.set(ref, await loadValue(deps.store, executionId, ref));
    }
  }
  throw new NoetlError('TEMPLATE_BUDGET', 'the template looks into too many stored values');
}
