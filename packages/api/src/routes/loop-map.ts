/** The heat grid and the throughput of a loop. Counting a million rows costs, so an answer is kept while it is good. */
import type { Router } from 'express';
import { LRUCache } from 'lru-cache';
import { loopMap, type LoopMap, type LoopRow } from '@noetl/store';
import { readQuery, wholeNumber } from '../http/query.ts';
import type { ApiDeps } from './deps.ts';
import { loopOf } from './loops.ts';

export const MAP_QUERY = { buckets: wholeNumber({ fallback: 1_000, min: 1, max: 1_000 }) };
const KEPT_MAX = 100;
/** A map of a loop that goes on is made anew at most this often, and never takes more than a 6th of the time. */
const FRESH_MS = 1_000;
const SHARE = 6;

interface Kept {
  map: Promise<LoopMap>;
  /** What the map was made of: the same counters give the same map. */
  of: string;
  madeAt: number;
  costMs: number;
}

export function loopMapRoutes(router: Router, deps: ApiDeps): void {
  const kept = new LRUCache<string, Kept>({ max: KEPT_MAX });
  router.get('/executions/:id/loops/:step/map', async (request, response) => {
    const { loop } = await loopOf(deps, request);
    const { buckets } = readQuery(MAP_QUERY, request.query);
    const { execution_id, step, loop_id } = loop;
    response.json({ execution_id, step, loop_id, ...(await mapOf(deps, kept, loop, buckets)) });
  });
}

function mapOf(
  deps: ApiDeps,
  kept: LRUCache<string, Kept>,
  loop: LoopRow,
  buckets: number,
): Promise<LoopMap> {
  const key = `${loop.execution_id}:${loop.loop_id}:${String(buckets)}`;
  const of = `${String(loop.completed)}:${loop.state}`;
  const nowMs = deps.nowMs();
  const last = kept.get(key);
  const isFresh = last && nowMs - last.madeAt < Math.max(FRESH_MS, last.costMs * SHARE);
  if (last && ((last.of === of && loop.state === 'done') || (isFresh && loop.state !== 'done')))
    return last.map;
  const entry: Kept = {
    map: loopMap(deps.store, loop, buckets, new Date(nowMs)).finally(() => {
      entry.costMs = deps.nowMs() - nowMs;
    }),
    of,
    madeAt: nowMs,
    costMs: 0,
  };
  entry.map.catch(() => kept.delete(key));
  kept.set(key, entry);
  return entry.map;
}
