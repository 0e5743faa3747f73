/** What the parts of a worker share; built once in run-worker.ts. */
import type { Bus } from '@noetl/bus';
import type { Id } from '@noetl/protocol';
import type { ExecutionTraces, Failpoint, Log } from '@noetl/service';
import type { Store } from '@noetl/store';
import type { Toolbox, ValueStore } from '@noetl/tools';
import type { Leases } from './leases.ts';
import type { Loops, Playbooks } from './loop-context.ts';
import type { WorkerRecorder } from './metrics.ts';
import type { Permits } from './permits.ts';
import type { Credentials } from './credentials.ts';
import type { Turns } from './turns.ts';

export interface WorkerDeps {
  store: Store;
  bus: Bus;
  toolbox: Toolbox;
  log: Log;
  record: WorkerRecorder;
  traces?: ExecutionTraces | undefined;
  workerId: string;
  leases: Leases;
  permits: Permits;
  turns: Turns;
  credentials: Credentials;
  playbooks: Playbooks;
  loops: Loops;
  values: (executionId: Id) => ValueStore;
  /** Whose commands this worker runs. */
  pool: string;
  /** Chunk slots of all live workers, as last counted. */
  poolSlots: () => number;
  newId: () => Id;
  /** Variables of the process that templates may read. */
  env: Record<string, string>;
  leaseMs: number;
  failpoint: Failpoint;
  /** Unix time. */
  nowMs: () => number;
  /** Monotonic milliseconds. */
  clock: () => number;
}
