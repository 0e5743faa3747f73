/** Variables of an execution over HTTP: read as its events tell them, written as a fact that the next decision sees. */
import type { Router } from 'express';
import { notifyAdvance } from '@noetl/bus';
import { NoetlError, type Id, type JsonObject } from '@noetl/protocol';
import { readVars, writeVars, type Variable } from '@noetl/store';
import { accessOf } from '../access/caller.ts';
import { bodyReader, jsonBody } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';
import { executionOf } from './executions.ts';

const NAMES_MAX = 100;

export const readVariables = bodyReader<{
  variables: JsonObject;
  source_step?: string | null;
  var_type?: string;
}>({
  type: 'object',
  required: ['variables'],
  properties: {
    variables: { type: 'object', minProperties: 1, maxProperties: NAMES_MAX },
    source_step: { type: ['string', 'null'], maxLength: 200 },
    var_type: { type: 'string', maxLength: 50 },
  },
});

export function varRoutes(router: Router, deps: ApiDeps): void {
  const write = async (executionId: Id, values: JsonObject, source: string): Promise<void> => {
    await writeVars(deps.store, executionId, values, { source, nowMs: deps.nowMs() });
    notifyAdvance(deps.bus, executionId);
  };

  router.get('/vars/:id', async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.id);
    const variables = await readVars(deps.store, execution_id);
    const shownByName = Object.fromEntries(variables.map((variable) => [variable.name, shown(variable)]));
    response.json({ execution_id, variables: shownByName, count: variables.length });
  });

  router.post('/vars/:id', async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.id);
    const { variables, source_step } = readVariables(jsonBody(request));
    accessOf(response).note({ object: `execution ${execution_id}`, after: variables });
    await write(execution_id, variables, source_step ?? 'api');
    const names = Object.keys(variables);
    response.json({ execution_id, variables_set: names, count: names.length });
  });

  router.get('/vars/:id/:name', async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.id);
    const { name } = request.params;
    const variable = (await readVars(deps.store, execution_id)).find((candidate) => candidate.name === name);
    if (!variable) throw unknown(name);
    response.json({ execution_id, name, ...shown(variable) });
  });

  router.delete('/vars/:id', async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.id);
    const names = (await readVars(deps.store, execution_id)).map(({ name }) => name);
    if (names.length > 0)
      await write(execution_id, Object.fromEntries(names.map((name) => [name, null])), 'api');
    response.json({ execution_id, variables_deleted: names, count: names.length, status: 'deleted' });
  });

  router.delete('/vars/:id/:name', async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.id);
    const { name } = request.params;
    if (!(await readVars(deps.store, execution_id)).some((candidate) => candidate.name === name))
      throw unknown(name);
    await write(execution_id, { [name]: null }, 'api');
    response.json({ execution_id, name, status: 'deleted' });
  });
}

function shown({ value, type, source_step, created_at }: Variable): object {
  // Reads are not counted: that would be a write for every read.
  return { value, type, source_step, created_at, accessed_at: null, access_count: 0 };
}

function unknown(name: string): NoetlError {
  return new NoetlError('VAR_UNKNOWN', `this execution has no variable "${name}"`);
}
