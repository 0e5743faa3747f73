/** What JetStream says went wrong, by its numbers. */
import { NatsError } from 'nats';

export const STREAM_NOT_FOUND = 10059;
/** A stream of that name is there, and not as it was wanted. */
export const OTHER_CONFIGURATION = 10058;
/** Wrong last sequence, as servers of different versions and replications say it. */
const CONFLICTS = [10071, 10164];

export function natsErrorCode(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined;
}

/** Somebody else has written since we read. */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.includes(natsErrorCode(error) ?? 0);
}
