/**
 * How much work is open and how full the queue is, told by the aggregator alone: read now and then from Postgres and
 * NATS, not at each scrape. Several aggregators tell the same, so dashboards take the highest.
 */
import { queueState } from '@noetl/bus';
import { DEFAULT_POOL } from '@noetl/protocol';
import type { Metrics, NowRecorder } from '@noetl/service';
import { listRuntimes, workload } from '@noetl/store';
import type { AggregatorDeps } from './collect.ts';

const LANES = ['step', 'chunk'] as const;
const STATES = ['pending', 'leased', 'waiting'] as const;

/** A round that reads and tells everything; what has not been read yet, or cannot be, is not told. */
export function gaugeRound(deps: AggregatorDeps, metrics: Metrics): () => Promise<void> {
  const tellWork = workGauges(metrics);
  const tellQueue = queueGauges(metrics);
  const tellProcesses = processGauges(metrics);
  return async () => {
    const told = await Promise.allSettled([
      workload(deps.store).then(tellWork),
      queueState(deps.bus).then(tellQueue),
      listRuntimes(deps.store).then(tellProcesses),
    ]);
    for (const part of told) if (part.status === 'rejected') throw part.reason;
  };
}

function workGauges(metrics: Metrics): (work: Awaited<ReturnType<typeof workload>>) => void {
  const executions = metrics.gauge({
    name: 'noetl_executions_open',
    help: 'Executions that have not ended.',
    labels: ['state'],
  });
  const commands = metrics.gauge({
    name: 'noetl_commands_open',
    help: 'Commands that are not done, as Postgres has them.',
    labels: ['lane', 'state'],
  });
  const oldest = metrics.gauge({
    name: 'noetl_command_oldest_pending_seconds',
    help: 'Age of the oldest command that nobody has claimed.',
  });
  const loops = metrics.gauge({ name: 'noetl_loops_open', help: 'Loops that are not closed.' });
  const items = metrics.gauge({
    name: 'noetl_loop_items',
    help: 'Items of loops that are not closed.',
    labels: ['state'],
  });
  const remaining = metrics.gauge({
    name: 'noetl_items_remaining',
    help: 'Items that are still to be run or run now.',
  });
  const chunks = metrics.gauge({
    name: 'noetl_chunks_remaining',
    help: 'Chunks that are out and that the rest of all loops will make: what to scale workers by.',
    labels: ['pool'],
  });
  return (work) => {
    executions.set(work.executions.running, { state: 'running' });
    executions.set(work.executions.paused, { state: 'paused' });
    for (const lane of LANES)
      for (const state of STATES) {
        const found = work.commands.find((row) => row.lane === lane && row.state === state);
        commands.set(found?.count ?? 0, { lane, state });
      }
    oldest.set(work.oldest_pending_s);
    const { loops: open, completed, failed, running, pending, chunks_remaining } = work.loops;
    loops.set(open);
    for (const [state, count] of Object.entries({ completed, failed, running, pending }))
      items.set(count, { state });
    remaining.set(running + pending);
    setByPool(chunks, { [DEFAULT_POOL]: 0, ...chunks_remaining });
  };
}

function queueGauges(metrics: Metrics): (queue: Awaited<ReturnType<typeof queueState>>) => void {
  const messages = metrics.gauge({
    name: 'noetl_queue_messages',
    help: 'Messages of the work queue, by consumer: not delivered, not acknowledged, delivered more than once.',
    labels: ['consumer', 'state'],
  });
  const bytes = metrics.gauge({ name: 'noetl_queue_bytes', help: 'Size of the work queue.' });
  const most = metrics.gauge({
    name: 'noetl_queue_bytes_max',
    help: 'Size above which the work queue takes nothing in.',
  });
  return (queue) => {
    bytes.set(queue.bytes);
    most.set(queue.max_bytes);
    // A consumer that is gone is not told any more.
    messages.clear();
    for (const { name, pending, unacknowledged, redelivered } of queue.consumers)
      for (const [state, count] of Object.entries({ pending, unacknowledged, redelivered }))
        messages.set(count, { consumer: name, state });
  };
}

function processGauges(metrics: Metrics): (all: Awaited<ReturnType<typeof listRuntimes>>) => void {
  const workers: NowRecorder = metrics.gauge({
    name: 'noetl_workers',
    help: 'Workers that have beaten lately.',
    labels: ['pool'],
  });
  const slots = metrics.gauge({
    name: 'noetl_worker_slots',
    help: 'Chunks that all workers can run at once.',
    labels: ['pool'],
  });
  return (all) => {
    const alive = all.filter((one) => one.alive && one.kind === 'worker_pool');
    const lives: Record<string, number> = { [DEFAULT_POOL]: 0 };
    const room: Record<string, number> = { [DEFAULT_POOL]: 0 };
    for (const { labels, capacity } of alive) {
      const pool = typeof labels['pool'] === 'string' ? labels['pool'] : DEFAULT_POOL;
      lives[pool] = (lives[pool] ?? 0) + 1;
      room[pool] = (room[pool] ?? 0) + capacity;
    }
    setByPool(workers, lives);
    setByPool(slots, room);
  };
}

/** A pool that is gone is not told any more. */
function setByPool(gauge: NowRecorder, values: Record<string, number>): void {
  gauge.clear();
  for (const [pool, value] of Object.entries(values)) gauge.set(value, { pool });
}
