/** Says that this worker lives, and counts the slots of all of its pool that do. */
import { every, whenUp, type Log, type RoundRecorder, type Service } from '@noetl/service';
import type { Isolation } from '@noetl/tools';
import { beatRuntime, endRuntime, poolCapacities, type Store } from '@noetl/store';

const ROLL_CALL_MS = 2_000;

export class RollCall {
  slots: number;
  /** Since this worker was started; the console shows it. */
  runnerRestarts = 0;
  readonly service: Service;

  constructor(
    store: Store,
    name: string,
    { capacity, pool }: { capacity: number; pool: string },
    { log, rounds: record, isolation }: { log: Log; rounds: RoundRecorder; isolation: Isolation },
  ) {
    this.slots = capacity;
    const call = async (): Promise<void> => {
      const { level, network, gaps } = isolation;
      const labels = {
        pool,
        runner_restarts: this.runnerRestarts,
        isolation: level,
        isolation_network: network,
        isolation_gaps: [...gaps],
      };
      await beatRuntime(store, { name, kind: 'worker_pool', capacity, labels });
      this.slots = Math.max(capacity, (await poolCapacities(store)).get(pool) ?? 0);
    };
    const rounds = every('roll-call', ROLL_CALL_MS, call, { log, rounds: record });
    this.service = {
      name: 'roll-call',
      start: async () => {
        await whenUp(call, log);
        await rounds.start();
      },
      stop: async () => {
        await rounds.stop();
        await endRuntime(store, { kind: 'worker_pool', name });
      },
    };
  }
}
