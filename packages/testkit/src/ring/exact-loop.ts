/** For fault tests: a loop whose every item is known, and what must be true of it at the end, whatever happened. */
import { expect } from '@jest/globals';
import { waitFor } from '../wait.ts';
import type { RingClient } from './client.ts';

const CODE = `import time
def main(x, ms):
  time.sleep(ms / 1000)
  return x * x`;
const TOTAL = `def main(results, stats):
  return {"sum": sum(results), "stats": stats}`;

export interface ExactLoop {
  items: number;
  /** Milliseconds that each item takes. */
  ms: number;
}

export function exactLoop(name: string, { items, ms }: ExactLoop): string {
  const each = {
    step: 'items',
    loop: { in: `{{ range(${String(items)}) }}`, iterator: 'item', spec: { mode: 'parallel' } },
    tool: { kind: 'python', args: { x: '{{ iter.item }}', ms }, code: CODE },
    next: { arcs: [{ step: 'total' }] },
  };
  const args = { results: '{{ items.results }}', stats: '{{ items.stats }}' };
  return JSON.stringify({
    apiVersion: 'noetl.io/v2',
    kind: 'Playbook',
    metadata: { name, path: `faults/${name}` },
    workflow: [each, { step: 'total', tool: { kind: 'python', args, code: TOTAL } }],
  });
}

/** Items that Postgres has counted so far. */
export async function countedItems(ring: RingClient, id: string): Promise<number> {
  const [loop] = await ring.sql<{ completed: number }>(
    'SELECT completed FROM noetl.loop WHERE execution_id = $1',
    [id],
  );
  return loop?.completed ?? 0;
}

/** One row an index, one end, the whole sum, and the same count in K/V. */
export async function expectExactLoop(
  ring: RingClient,
  id: string,
  items: number,
  withinMs = 120_000,
): Promise<void> {
  expect((await ring.ended(id, withinMs)).status).toBe('COMPLETED');
  const rows = await ring.sql<{ rows: number; indexes: number }>(
    `SELECT count(*)::int AS rows, count(DISTINCT current_index)::int AS indexes FROM noetl.event
     WHERE execution_id = $1 AND loop_name = 'items' AND event_type = 'step.exit'`,
    [id],
  );
  expect(rows).toEqual([{ rows: items, indexes: items }]);
  expect(await ring.events(id, 'loop.done')).toHaveLength(1);
  expect(await ring.stepResult(id, 'total')).toEqual({
    sum: ((items - 1) * items * (2 * items - 1)) / 6,
    stats: { total: items, success: items, failed: 0, not_started: 0 },
  });
  const shown = async (): Promise<boolean> =>
    (await ring.loopState(id, 'items'))?.['completed_count'] === items;
  await waitFor(shown, { what: 'the count in K/V', timeoutMs: 30_000 });
}
