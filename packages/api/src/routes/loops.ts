/** Loops of an execution: their counters, which always add up to the total, and their items by keyset pages. */
import { once } from 'node:events';
import type { Request, Response, Router } from 'express';
import { NoetlError, type Id } from '@noetl/protocol';
import { findLoops, itemsInFlight, loopResultsPage, loopStats, type LoopRow } from '@noetl/store';
import { live } from '../http/live.ts';
import { indexes } from '../http/indexes.ts';
import { readQuery, wholeNumber, wholeNumberOrNone, word } from '../http/query.ts';
import type { ApiDeps } from './deps.ts';
import { executionOf } from './executions.ts';

const PAGE = { fallback: 500, min: 1, max: 1_000 };
const COUNTERS_EVERY_MS = 500;

export const ITEMS_QUERY = {
  indexes: indexes('only these: 3,7,10-20'),
  state: word(['COMPLETED', 'SUCCEEDED', 'FAILED'] as const),
  after: wholeNumber({ fallback: -1, min: -1, max: 10_000_000 }, 'items of higher indexes only'),
  limit: wholeNumber(PAGE),
  preview: wholeNumberOrNone(
    { min: 1, max: 65_536 },
    'characters of each item and of the JSON of each result',
  ),
};

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
    await live(request, response, COUNTERS_EVERY_MS, async () => {
      const { loop, epoch } = await loopOf(deps, request);
      return { value: await counters(deps, loop, epoch), ended: loop.state === 'done' };
    });
  });
  router.get('/executions/:id/loops/:step/items', async (request, response) => {
    const { loop } = await loopOf(deps, request);
    const { state, after, ...size } = readQuery(ITEMS_QUERY, request.query);
    const page = {
      ...size,
      after_index: after,
      ...(state && { state: state === 'FAILED' ? ('FAILED' as const) : ('COMPLETED' as const) }),
    };
    if (request.accepts(['json', 'application/x-ndjson']) === 'application/x-ndjson') {
      await exportItems(deps, loop, page, response);
      return;
    }
    const { items, next } = await loopResultsPage(deps.store, loop, page);
    response.json({ execution_id: loop.execution_id, step: loop.step, loop_id: loop.loop_id, items, next });
  });
}

/** Counters of the newest entry of a loop step. Throws LOOP_UNKNOWN. */
export async function loopCounters(deps: ApiDeps, executionId: Id, step: string): Promise<object> {
  const { loop, epoch } = await newestLoop(deps, executionId, step);
  return counters(deps, loop, epoch);
}

/** The loop that the path names. Throws EXECUTION_UNKNOWN, LOOP_UNKNOWN. */
export async function loopOf(deps: ApiDeps, request: Request): Promise<{ loop: LoopRow; epoch: number }> {
  const { execution_id } = await executionOf(deps, request.params['id']);
  return newestLoop(deps, execution_id, String(request.params['step']));
}

/** The newest entry of a loop step. Throws LOOP_UNKNOWN. */
export async function newestLoop(
  deps: ApiDeps,
  execution_id: Id,
  step: string,
): Promise<{ loop: LoopRow; epoch: number }> {
  const loops = await findLoops(deps.store, execution_id, step);
  const [newest] = loops;
  if (!newest)
    throw new NoetlError('LOOP_UNKNOWN', `execution ${execution_id} has not entered a loop step "${step}"`);
  return { loop: newest, epoch: epochOf(newest, loops) };
}

/** How often the step has been entered, up to this entry; a redrive is none of its own. */
function epochOf(loop: LoopRow, newestFirst: LoopRow[]): number {
  const entries = newestFirst.filter((other) => other.step === loop.step && other.redrive_of === null);
  const first = loop.redrive_of ?? loop.loop_id;
  return entries.length - entries.findIndex((other) => other.loop_id === first);
}

/** What there is of all items: of a redrive, with those that it does not run again. */
async function totals(
  deps: ApiDeps,
  loop: LoopRow,
): Promise<{ total: number; completed: number; failed: number }> {
  const { redrive, size, completed, failed, state } = loop;
  if (!redrive) return { total: size, completed, failed };
  const stats = state === 'done' ? await loopStats(deps.store, loop) : undefined;
  if (stats) return { total: stats.total, completed: stats.success + stats.failed, failed: stats.failed };
  const { kept, total } = redrive;
  return { total, completed: kept.completed + completed, failed: kept.failed + failed };
}

async function counters(deps: ApiDeps, loop: LoopRow, epoch: number): Promise<object> {
  const { state, created_at, filled_at, done_at } = loop;
  const { total, completed, failed } = await totals(deps, loop);
  const stopped = state !== 'open' && completed < total;
  const left = loop.size - loop.completed;
  const running =
    state === 'done' || state === 'filled' ? 0 : Math.min(left, await itemsInFlight(deps.store, loop));
  const rest = total - completed - running;
  const seconds = ((filled_at ?? new Date()).getTime() - created_at.getTime()) / 1000;
  const rate = seconds > 0 ? loop.completed / seconds : 0;
  return {
    execution_id: loop.execution_id,
    step: loop.step,
    loop_id: loop.loop_id,
    epoch,
    redrive_of: loop.redrive_of,
    run: loop.redrive?.run ?? 1,
    status: statusOf(loop, { total, completed, failed }),
    paused: loop.paused_at !== null && state !== 'done',
    mode: loop.mode,
    pending: stopped ? 0 : rest,
    running,
    succeeded: completed - failed,
    failed,
    timed_out: stopped && loop.timed_out ? rest : 0,
    aborted: stopped && !loop.timed_out ? rest : 0,
    total,
    results_written: completed,
    failures_not_redrivable: 0,
    pending_redrive: loop.redrive && state === 'open' ? left : 0,
    max_concurrency: loop.mode === 'sequential' ? 1 : loop.max_in_flight,
    items_per_second: Math.round(rate * 10) / 10,
    eta: state === 'open' && rate > 0 ? Math.ceil(left / rate) : null,
    start_date: created_at,
    stop_date: done_at,
  };
}

function statusOf(
  { state, on_error, timed_out }: LoopRow,
  { total, completed, failed }: { total: number; completed: number; failed: number },
): string {
  if (state !== 'done') return state === 'stopping' ? 'STOPPING' : 'RUNNING';
  if (failed > 0 && on_error === 'fail') return 'FAILED';
  if (completed < total) return timed_out ? 'FAILED' : 'ABORTED';
  return 'COMPLETED';
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
