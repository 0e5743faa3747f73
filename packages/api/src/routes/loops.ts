/** Loops of an execution: their counters, which always add up to the total, and their items by keyset pages. */
import { once } from 'node:events';
import type { Request, Response, Router } from 'express';
import { NoetlError } from '@noetl/protocol';
import { findLoops, itemsInFlight, loopResultsPage, type LoopRow } from '@noetl/store';
import { numberOf, wordOf } from '../http/request.ts';
import type { ApiDeps } from './deps.ts';
import { executionOf } from './executions.ts';

const PAGE = { fallback: 500, min: 1, max: 1_000 };
const INDEX = { min: -1, max: 10_000_000 };

export function loopRoutes(router: Router, deps: ApiDeps): void {
  router.get('/executions/:id/loops', async (request, response) => {
    const { execution_id } = await executionOf(deps, request.params.id);
    const loops = await findLoops(deps.store, execution_id);
    response.json({
      execution_id,
      loops: await Promise.all(loops.map((loop) => counters(deps, loop, epochOf(loop, loops)))),
    });
  });
  router.get('/executions/:id/loops/:step', async (request, response) => {
    const { loop, epoch } = await loopOf(deps, request);
    response.json(await counters(deps, loop, epoch));
  });
  router.get('/executions/:id/loops/:step/items', async (request, response) => {
    const { loop } = await loopOf(deps, request);
    const { state, after, limit } = request.query;
    const wanted = wordOf(state, 'state', ['COMPLETED', 'SUCCEEDED', 'FAILED'] as const);
    const page = {
      limit: numberOf(limit, 'limit', PAGE),
      after_index: numberOf(after, 'after', { fallback: -1, ...INDEX }),
      ...(wanted && { state: wanted === 'FAILED' ? ('FAILED' as const) : ('COMPLETED' as const) }),
    };
    if (request.accepts(['json', 'application/x-ndjson']) === 'application/x-ndjson') {
      await exportItems(deps, loop, page, response);
      return;
    }
    const { items, next } = await loopResultsPage(deps.store, loop, page);
    response.json({ execution_id: loop.execution_id, step: loop.step, loop_id: loop.loop_id, items, next });
  });
}

async function loopOf(deps: ApiDeps, request: Request): Promise<{ loop: LoopRow; epoch: number }> {
  const { execution_id } = await executionOf(deps, request.params['id']);
  const step = String(request.params['step']);
  const loops = await findLoops(deps.store, execution_id, step);
  const [newest] = loops;
  if (!newest)
    throw new NoetlError('LOOP_UNKNOWN', `execution ${execution_id} has not entered a loop step "${step}"`);
  return { loop: newest, epoch: loops.length };
}

/** How often the step has been entered, up to this entry. */
function epochOf(loop: LoopRow, newestFirst: LoopRow[]): number {
  const entries = newestFirst.filter((other) => other.step === loop.step);
  return entries.length - entries.indexOf(loop);
}

async function counters(deps: ApiDeps, loop: LoopRow, epoch: number): Promise<object> {
  const { size: total, completed, failed, state, created_at, filled_at, done_at } = loop;
  const stopped = state !== 'open' && completed < total;
  const running =
    state === 'done' || state === 'filled'
      ? 0
      : Math.min(total - completed, await itemsInFlight(deps.store, loop));
  const rest = total - completed - running;
  const seconds = ((filled_at ?? new Date()).getTime() - created_at.getTime()) / 1000;
  const rate = seconds > 0 ? completed / seconds : 0;
  return {
    execution_id: loop.execution_id,
    step: loop.step,
    loop_id: loop.loop_id,
    epoch,
    status: statusOf(loop),
    mode: loop.mode,
    pending: stopped ? 0 : rest,
    running,
    succeeded: completed - failed,
    failed,
    timed_out: 0,
    aborted: stopped ? rest : 0,
    total,
    results_written: completed,
    failures_not_redrivable: 0,
    pending_redrive: 0,
    max_concurrency: loop.mode === 'sequential' ? 1 : loop.max_in_flight,
    items_per_second: Math.round(rate * 10) / 10,
    eta: state === 'open' && rate > 0 ? Math.ceil((total - completed) / rate) : null,
    start_date: created_at,
    stop_date: done_at,
  };
}

function statusOf({ state, failed, completed, size, on_error }: LoopRow): string {
  if (state !== 'done') return state === 'stopping' ? 'STOPPING' : 'RUNNING';
  if (failed > 0 && on_error === 'fail') return 'FAILED';
  return completed < size ? 'ABORTED' : 'COMPLETED';
}

/** All items as lines of JSON, a page in memory at a time, at the reader's pace. */
async function exportItems(
  deps: ApiDeps,
  loop: LoopRow,
  first: Parameters<typeof loopResultsPage>[2],
  response: Response,
): Promise<void> {
  response.type('application/x-ndjson');
  let page = { ...first, limit: PAGE.max };
  for (;;) {
    const { items, next } = await loopResultsPage(deps.store, loop, page);
    const room = response.write(items.map((item) => `${JSON.stringify(item)}\n`).join(''));
    if (next === null || response.destroyed) break;
    if (!room) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    page = { ...page, after_index: next };
  }
  response.end();
}
