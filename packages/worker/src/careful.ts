/**
 * Chunks whose worker vanished run item by item, and say in Postgres which item is next; an item at which workers
 * vanish again and again fails with WORKER_DIED, and its siblings go on. Chunks of a first holder pay nothing.
 */
import { NoetlError, type ErrorInfo } from '@noetl/protocol';
import { writeCursor, type Claim, type CommandKey } from '@noetl/store';
import type { WorkerDeps } from './worker-deps.ts';

/** An item at which so many workers vanished does not run again; deaths elsewhere in the chunk are not its fault. */
const ITEM_DEATHS_MAX = 2;
/** A step during which so many workers vanished does not run again; below the deliveries of a message (20). */
export const STEP_DEATHS_MAX = 5;

export interface Careful {
  /** Called before each item; what it is to fail with instead of running. */
  before(position: number, index: number): Promise<ErrorInfo | undefined>;
}

type Deaths = Pick<Extract<Claim, { kind: 'claimed' }>, 'deaths' | 'died_at'>;

/** Undefined for a chunk that no worker has vanished with. */
export function carefulOf(
  { store, workerId }: WorkerDeps,
  { execution_id, command_id }: CommandKey,
  { deaths, died_at }: Deaths,
): Careful | undefined {
  if (deaths === 0) return undefined;
  return {
    before: async (position, index) => {
      const here = died_at.filter((at) => at === position).length;
      if (here >= ITEM_DEATHS_MAX) return workerDied(`item ${String(index)}`, here);
      const ours = await writeCursor(store, {
        execution_id,
        command_id,
        worker_id: workerId,
        index: position,
      });
      if (!ours) throw new NoetlError('INTERNAL', `command ${command_id} is no longer this worker's`);
      return undefined;
    },
  };
}

export function workerDied(what: string, times: number): ErrorInfo {
  return new NoetlError('WORKER_DIED', `${String(times)} workers vanished while they ran ${what}`).toInfo();
}

let last: Promise<unknown> = Promise.resolve();

/**
 * One such chunk at a time in this process, until it is stored: who is beside the culprit would be blamed with it, and
 * who has run but is not stored yet as well. What waits is bounded by the worker's slots.
 */
export function alone<T>(work: () => Promise<T>): Promise<T> {
  const next = last.then(work, work);
  last = next.catch(() => undefined);
  return next;
}
