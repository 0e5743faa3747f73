/** Starting while a service is away: a process waits for it for a while, and says so, instead of ending. */
import pRetry from 'p-retry';
import type { Log } from './log.ts';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 2_000;
const GIVE_UP_MS = 60_000;

/** Tries for a minute; then the last error is thrown. */
export function whenUp<T>(work: () => Promise<T>, log: Log): Promise<T> {
  return pRetry(work, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: FIRST_WAIT_MS,
    maxTimeout: LONGEST_WAIT_MS,
    maxRetryTime: GIVE_UP_MS,
    onFailedAttempt: ({ error, attemptNumber }) => {
      log.warn('waiting for what this process needs', { attempt: attemptNumber, error });
    },
  });
}
