/**
 * What has been run is not run again because Postgres is away for a moment: its outcome is offered again while the
 * lease holds. Finishing is fenced, so an outcome that was stored though the answer got lost counts once.
 */
import pRetry from 'p-retry';
import type { Log } from '@noetl/service';
import { isPassing } from '@noetl/store';
import type { Lease } from './leases.ts';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 500;

export function whileHeld<T>(lease: Lease, log: Log, finish: () => Promise<T>): Promise<T> {
  return pRetry(finish, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: FIRST_WAIT_MS,
    maxTimeout: LONGEST_WAIT_MS,
    shouldRetry: ({ error }) => isPassing(error) && lease.holds(),
    onFailedAttempt: ({ error }) => {
      if (isPassing(error)) log.warn('an outcome could not be stored; it is offered again', { error });
    },
    signal: lease.signal,
  });
}
