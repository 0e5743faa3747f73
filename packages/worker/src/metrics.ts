/** What a worker records besides what all processes do: once per command, never per item. */
import type { Metrics } from '@noetl/service';
import type { IsolationLevel, RunnerEnd } from '@noetl/tools';
import type { Lane } from '@noetl/bus';

export interface WorkerRecorder {
  /** What came of asking for a command: `claimed`, `busy`, `gone`. */
  claim(lane: Lane, outcome: string): void;
  running(lane: Lane, change: 1 | -1): void;
  /** Of a chunk, after its commit; without `seconds` when it was given up. `completed` and `failed`: its items. */
  chunk(of: { seconds?: number; completed: number; failed: number; handedBack: number }): void;
  step(status: string, seconds: number): void;
  /** A command could not be run or finished; it comes again, or is given up. */
  fault(lane: Lane, end: 'again' | 'given_up'): void;
  leaseLost(): void;
  runnerEnded(language: string, reason: RunnerEnd): void;
  /** What stands between code and this worker. */
  isolation(level: IsolationLevel): void;
}

/** Items of a chunk. */
const SIZES = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000];

export function workerRecorder(metrics: Metrics, slots: Record<Lane, number>): WorkerRecorder {
  const offered = metrics.gauge({
    name: 'noetl_worker_lane_slots',
    help: 'Commands that this worker runs at once.',
    labels: ['lane'],
  });
  const busy = metrics.gauge({
    name: 'noetl_worker_commands_running',
    help: 'Commands that this worker runs now.',
    labels: ['lane'],
  });
  const isolation = metrics.gauge({
    name: 'noetl_runner_isolation',
    help: 'Isolation of the code that this worker runs; 1 at its level.',
    labels: ['level'],
  });
  for (const lane of ['step', 'chunk'] as const) {
    offered.set(slots[lane], { lane });
    busy.set(0, { lane });
  }
  return {
    running: (lane, change) => busy.add(change, { lane }),
    ...commandRecorder(metrics),
    ...troubleRecorder(metrics),
    isolation: (level) => isolation.set(1, { level }),
  };
}

function commandRecorder(metrics: Metrics): Pick<WorkerRecorder, 'chunk' | 'step' | 'claim'> {
  const chunkSeconds = metrics.histogram({
    name: 'noetl_chunk_duration_seconds',
    help: 'Chunks, from claim to commit.',
  });
  const chunkItems = metrics.histogram({
    name: 'noetl_chunk_items',
    help: 'Items that chunks finished.',
    buckets: SIZES,
  });
  const items = metrics.counter({
    name: 'noetl_items_total',
    help: 'Items of loops that were stored.',
    labels: ['status'],
  });
  const handedBack = metrics.counter({
    name: 'noetl_chunks_handed_back_total',
    help: 'Ranges that chunks did not get to within their budget.',
  });
  const steps = metrics.histogram({
    name: 'noetl_step_duration_seconds',
    help: 'Plain steps, from claim to commit.',
    labels: ['status'],
  });
  const claims = metrics.counter({
    name: 'noetl_claims_total',
    help: 'Commands asked for: claimed, busy elsewhere, or gone.',
    labels: ['lane', 'outcome'],
  });
  return {
    chunk: ({ seconds, completed, failed, handedBack: ranges }) => {
      if (seconds !== undefined) {
        chunkSeconds(seconds);
        chunkItems(completed + failed);
      }
      items({ status: 'completed' }, completed);
      items({ status: 'failed' }, failed);
      handedBack({}, ranges);
    },
    step: (status, seconds) => steps(seconds, { status: status.toLowerCase() }),
    claim: (lane, outcome) => claims({ lane, outcome }),
  };
}

function troubleRecorder(metrics: Metrics): Pick<WorkerRecorder, 'fault' | 'leaseLost' | 'runnerEnded'> {
  const faults = metrics.counter({
    name: 'noetl_command_faults_total',
    help: 'Commands that could not be run or finished; they come again, or are given up.',
    labels: ['lane', 'end'],
  });
  const lost = metrics.counter({
    name: 'noetl_leases_lost_total',
    help: 'Commands that were taken from this worker while it ran them.',
  });
  const runners = metrics.counter({
    name: 'noetl_runner_restarts_total',
    help: 'Runner processes that ended and are replaced when they are needed.',
    labels: ['language', 'reason'],
  });
  return {
    fault: (lane, end) => faults({ lane, end }),
    leaseLost: () => lost(),
    runnerEnded: (language, reason) => runners({ language, reason }),
  };
}
