/**
 * Executions in which nothing has happened for long although nothing holds them: each is told in the log with what it
 * waits for, and whoever decides is woken. Waking costs one look when there is nothing to do.
 */
import { notifyAdvance } from '@noetl/bus';
import type { Metrics } from '@noetl/service';
import { STUCK_REASONS, stuckExecutions, whyStuck } from '@noetl/store';
import type { AggregatorDeps } from './collect.ts';

const IDLE_MS = 60_000;
const BATCH = 100;

/** A round; it gives the number of executions found. */
export function stuckSweep(deps: AggregatorDeps, metrics: Metrics): () => Promise<number> {
  const gauge = metrics.gauge({
    name: 'noetl_executions_stuck',
    help: `Executions without progress for ${String(IDLE_MS / 1000)} s, by what they wait for; at most ${String(BATCH)}.`,
    labels: ['reason'],
  });
  return async () => {
    const stuck = await stuckExecutions(deps.store, { idle_ms: IDLE_MS, limit: BATCH });
    const ids = stuck.map(({ execution_id }) => execution_id);
    const reasons = ids.length > 0 ? await whyStuck(deps.store, ids) : new Map<string, never>();
    for (const { execution_id, path, status } of stuck) {
      const reason = reasons.get(execution_id);
      deps.log.warn('an execution makes no progress; waking it', { execution_id, path, status, reason });
      notifyAdvance(deps.bus, execution_id);
    }
    const found = [...reasons.values()];
    for (const reason of STUCK_REASONS)
      gauge.set(found.filter((other) => other === reason).length, { reason });
    return stuck.length;
  };
}
