/** What every process records: its periodic rounds, its connections to Postgres, and how it gets on with NATS. */
import type { Metrics } from './registry.ts';

/** Told of each round of periodic work. `actions`: what it found and did something about, when it counts that. */
export interface RoundRecorder {
  ended(round: { name: string; ok: boolean; seconds: number; actions?: number }): void;
}

export function roundRecorder(metrics: Metrics): RoundRecorder {
  const seconds = metrics.histogram({
    name: 'noetl_round_duration_seconds',
    help: 'Rounds of periodic work, by name and outcome.',
    labels: ['round', 'outcome'],
    buckets: [0.005, 0.05, 0.5, 5, 30],
  });
  const actions = metrics.counter({
    name: 'noetl_sweep_actions_total',
    help: 'What sweepers found that notices had missed, and set going again.',
    labels: ['sweep'],
  });
  return {
    ended: (round) => {
      seconds(round.seconds, { round: round.name, outcome: round.ok ? 'ok' : 'failed' });
      // Zero as well: a sweep that finds nothing is there all the same.
      if (round.actions !== undefined) actions({ sweep: round.name }, round.actions);
    },
  };
}

/** A pool of connections as `pg` has it. */
interface Pool {
  totalCount: number;
  idleCount: number;
  waitingCount: number;
}

export function watchPool(metrics: Metrics, pool: Pool, max: number): void {
  const gauges = {
    noetl_pool_connections: ['Connections to Postgres that are open.', () => pool.totalCount],
    noetl_pool_connections_idle: ['Open connections to Postgres that do nothing.', () => pool.idleCount],
    noetl_pool_connections_max: ['Connections to Postgres that may be open.', () => max],
    noetl_pool_waiting: ['Requests that wait for a connection to Postgres.', () => pool.waitingCount],
  } as const;
  for (const [name, [help, collect]] of Object.entries(gauges)) metrics.gauge({ name, help, collect });
}

/** What goes on between this process and NATS. */
export function busRecorder(metrics: Metrics): {
  conflict(): void;
  restarted(consumer: string, reason: string): void;
  received(consumer: string, redelivered: boolean): void;
  reconnected(): void;
} {
  const conflicts = metrics.counter({
    name: 'noetl_kv_cas_retries_total',
    help: 'Updates of a K/V entry that came too late and were tried again.',
  });
  const restarts = metrics.counter({
    name: 'noetl_consumer_restarts_total',
    help: 'Pulls of a consumer that were begun anew: it fell silent, is gone, or an error ended it.',
    labels: ['consumer', 'reason'],
  });
  const received = metrics.counter({
    name: 'noetl_messages_received_total',
    help: 'Messages pulled from the work queue.',
    labels: ['consumer', 'redelivered'],
  });
  const reconnects = metrics.counter({
    name: 'noetl_nats_reconnects_total',
    help: 'Times that the connection to NATS was lost and came back.',
  });
  return {
    conflict: () => conflicts(),
    restarted: (consumer, reason) => restarts({ consumer, reason }),
    received: (consumer, redelivered) => received({ consumer, redelivered: String(redelivered) }),
    reconnected: () => reconnects(),
  };
}
