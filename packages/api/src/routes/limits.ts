/** Named limits over HTTP: set and changed while executions run. */
import type { Router } from 'express';
import { notifyLimits } from '@noetl/bus';
import { NoetlError } from '@noetl/protocol';
import { deleteFlowLimit, flowLimitsInUse, saveFlowLimit, type FlowLimit } from '@noetl/store';
import { accessOf } from '../access/caller.ts';
import { bodyReader, jsonBody } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';

interface LimitBody {
  max_concurrent?: number | null;
  rate?: number | null;
  burst?: number | null;
}

export const readLimit = bodyReader<LimitBody>({
  type: 'object',
  properties: {
    max_concurrent: { type: ['integer', 'null'], minimum: 1, maximum: 1_000_000 },
    rate: { type: ['number', 'null'], exclusiveMinimum: 0, maximum: 1_000_000 },
    burst: { type: ['number', 'null'], minimum: 1, maximum: 1_000_000 },
  },
  additionalProperties: false,
});

export function limitRoutes(router: Router, { store, bus }: ApiDeps): void {
  router.get('/limits', async (_, response) => {
    response.json({ limits: await flowLimitsInUse(store) });
  });

  router.get('/limits/:key', async (request, response) => {
    const [limit] = await flowLimitsInUse(store, request.params.key);
    if (!limit) throw unknown(request.params.key);
    response.json(limit);
  });

  router.put('/limits/:key', async (request, response) => {
    const { key } = request.params;
    const { max_concurrent = null, rate = null, burst = null } = readLimit(jsonBody(request));
    if (max_concurrent === null && rate === null)
      throw new NoetlError('BODY_INVALID', `the limit "${key}" needs \`max_concurrent\` or \`rate\``);
    if (burst !== null && rate === null)
      throw new NoetlError('BODY_INVALID', `the limit "${key}" has a \`burst\` without a \`rate\``);
    const size = rate === null ? null : (burst ?? Math.max(1, rate));
    const [before] = await flowLimitsInUse(store, key);
    await saveFlowLimit(store, { key, max_concurrent, rate, burst: size });
    notifyLimits(bus);
    const [limit] = await flowLimitsInUse(store, key);
    const after = { max_concurrent, rate, burst: size };
    accessOf(response).note({ object: `limit ${key}`, before: before && sizesOf(before), after });
    response.json(limit);
  });

  router.delete('/limits/:key', async (request, response) => {
    const { key } = request.params;
    if (!(await deleteFlowLimit(store, key))) throw unknown(key);
    notifyLimits(bus);
    response.json({ status: 'deleted', key });
  });
}

/** What is set, without what is in use. */
function sizesOf({ max_concurrent, rate, burst }: FlowLimit): Omit<FlowLimit, 'key'> {
  return { max_concurrent, rate, burst };
}

function unknown(key: string): NoetlError {
  return new NoetlError('LIMIT_UNKNOWN', `there is no limit "${key}"`);
}
