/** The results of a loop in index order, streamed: any number of them, a page in memory at a time. */
import { once } from 'node:events';
import type { Router } from 'express';
import { NoetlError } from '@noetl/protocol';
import { findLoops, loopResultsPage } from '@noetl/store';
import { numberOf } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';
import { executionOf } from './executions.ts';

const PAGE_ITEMS = 1_000;

export function aggregateRoutes(router: Router, deps: ApiDeps): void {
  router.get('/aggregate/loop/results', async (request, response) => {
    const { step_name } = request.query;
    if (typeof step_name !== 'string' || step_name === '')
      throw new NoetlError('BODY_INVALID', 'step_name is missing', {
        hint: 'GET /api/aggregate/loop/results?execution_id=…&step_name=…',
      });
    const { execution_id } = await executionOf(deps, request.query['execution_id']);
    const limit = numberOf(request.query['limit'], 'limit', {
      fallback: Number.MAX_SAFE_INTEGER,
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
    });
    let after = numberOf(request.query['after'], 'after', { fallback: -1, min: -1, max: 10_000_000 });
    const [loop] = await findLoops(deps.store, execution_id, step_name);
    if (!loop)
      throw new NoetlError(
        'LOOP_UNKNOWN',
        `execution ${execution_id} has not entered a loop step "${step_name}"`,
      );
    response.type('application/json').write('{"status":"ok","method":"loop_metadata","results":[');
    let count = 0;
    while (count < limit && !response.destroyed) {
      const { items, next } = await loopResultsPage(deps.store, loop, {
        after_index: after,
        limit: Math.min(PAGE_ITEMS, limit - count),
      });
      const last = items.at(-1);
      if (!last) break;
      const text = items.map((item) => JSON.stringify(item.result)).join(',');
      const room = response.write(count === 0 ? text : `,${text}`);
      count += items.length;
      after = last.current_index;
      if (next === null) break;
      if (!room) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
    response.end(`],"count":${String(count)},"last_index":${String(after)},"total":${String(loop.size)}}`);
  });
}
