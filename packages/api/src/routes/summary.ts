/** An execution in one bounded answer: its head, the state of its steps, the counters of its loops. Live over SSE. */
import type { Router } from 'express';
import { stepSummaries } from '@noetl/store';
import { live, type LiveValue } from '../http/live.ts';
import type { ApiDeps } from './deps.ts';
import { executionOf, shown } from './executions.ts';
import { loopCounters } from './loops.ts';

const EVERY_MS = 500;
const LOOPS_MAX = 50;

export function summaryRoutes(router: Router, deps: ApiDeps): void {
  router.get('/executions/:id/summary', async (request, response) => {
    await live(request, response, EVERY_MS, () => summaryOf(deps, request.params.id));
  });
}

async function summaryOf(deps: ApiDeps, id: string): Promise<LiveValue> {
  const { result: _, ...head } = await executionOf(deps, id);
  const { execution_id, last_event_id, end_time } = head;
  const steps = await stepSummaries(deps.store, execution_id, { results: false });
  const looping = steps.filter(({ loop }) => loop).slice(0, LOOPS_MAX);
  const loops = await Promise.all(looping.map(({ step }) => loopCounters(deps, execution_id, step)));
  return { value: { ...shown(head), last_event_id, steps, loops }, ended: end_time !== null };
}
