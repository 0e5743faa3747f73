/** The results of a loop in index order, streamed: any number of them, a page in memory at a time. */
import { once } from 'node:events';
import type { Router } from 'express';
import { NoetlError } from '@noetl/protocol';
import { findLoops, loopResultsPage, spanOf } from '@noetl/store';
import { id, readQuery, required, text, wholeNumber } from '../http/query.ts';
import type { ApiDeps } from './deps.ts';
import { executionFor } from './executions.ts';

const PAGE_ITEMS = 1_000;
const HINT = 'GET /api/aggregate/loop/results?execution_id=…&step_name=…';

export const AGGREGATE_QUERY = {
  step_name: required(text('the loop step'), HINT),
  execution_id: required(id(), HINT),
  limit: wholeNumber({ fallback: Number.MAX_SAFE_INTEGER, min: 1, max: Number.MAX_SAFE_INTEGER }),
  after: wholeNumber({ fallback: -1, min: -1, max: 10_000_000 }, 'results of higher indexes only'),
};

export function aggregateRoutes(router: Router, deps: ApiDeps): void {
  router.get('/aggregate/loop/results', async (request, response) => {
    const { step_name, limit, ...query } = readQuery(AGGREGATE_QUERY, request.query);
    const { execution_id } = await executionFor(deps, response, query.execution_id);
    let { after } = query;
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
    response.end(`],"count":${String(count)},"last_index":${String(after)},"total":${String(spanOf(loop))}}`);
  });
}
