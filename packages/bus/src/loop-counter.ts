/**
 * The loop's entry in K/V, and its atomic increment: compare-and-set to the higher of what is there and what Postgres
 * has counted. Anyone may repeat it at any time; it never falls and never exceeds the rows.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ErrorCode, JSONCodec, NatsError, StorageType, type KV } from 'nats';
import { NoetlError, type Id, type LoopState } from '@noetl/protocol';
import type { Bus } from './connection.ts';
import { isConflict, natsErrorCode, STREAM_NOT_FOUND } from './nats-error.ts';
import { loopKeysSubject, STATE_BUCKET, STATE_STREAM } from './subjects.ts';

const codec = JSONCodec<LoopState>();
const HISTORY = 1;
const RETRY_BASE_MS = 2;
const RETRY_MAX_MS = 100;

const buckets = new WeakMap<Bus, Promise<KV>>();

/** Creates the entry of a loop that has just been opened; an entry that is there stays. */
export async function ensureLoopState(bus: Bus, key: string, state: LoopState): Promise<void> {
  await raiseCompleted(bus, key, state);
}

export async function readLoopState(bus: Bus, key: string): Promise<LoopState | undefined> {
  const entry = await withBucket(bus, (bucket) => bucket.get(key));
  return entry && entry.length > 0 ? codec.decode(entry.value) : undefined;
}

/**
 * Raises `completed_count` to at least `state.completed_count`. `raised` is false when it was there already, so of
 * all who report the last item exactly one sees `raised` with the full count.
 */
export async function raiseCompleted(
  bus: Bus,
  key: string,
  state: LoopState,
): Promise<{ completed_count: number; raised: boolean }> {
  for (let attempt = 0; ; attempt += 1) {
    const outcome = await withBucket(bus, (bucket) => tryRaise(bucket, key, state));
    if (outcome) return outcome;
    bus.record.conflict();
    const ceiling = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** Math.min(attempt, 6));
    await delay(Math.random() * ceiling);
  }
}

/** Deletes the entries of all loops of an execution, and leaves no marks of it. Returns how many there were. */
export async function forgetLoopStates(bus: Bus, executionId: Id): Promise<number> {
  try {
    const { purged } = await bus.manager.streams.purge(STATE_STREAM, {
      filter: loopKeysSubject(executionId),
    });
    return purged;
  } catch (error) {
    if (natsErrorCode(error) === STREAM_NOT_FOUND) return 0;
    const reason = error instanceof Error ? error.message : String(error);
    throw new NoetlError('SERVICE_UNAVAILABLE', `NATS did not delete loop counts: ${reason}`, {
      cause: error,
    });
  }
}

/** Makes the bucket where it is missing. */
export async function ensureBucket(bus: Bus): Promise<void> {
  buckets.delete(bus);
  await bucketOf(bus);
}

/** Undefined on a conflict: somebody else has written since we read. */
async function tryRaise(
  bucket: KV,
  key: string,
  state: LoopState,
): Promise<{ completed_count: number; raised: boolean } | undefined> {
  const entry = await bucket.get(key);
  const current = entry && entry.length > 0 ? codec.decode(entry.value) : undefined;
  if (current && current.completed_count >= state.completed_count) {
    return { completed_count: current.completed_count, raised: false };
  }
  try {
    if (entry) await bucket.update(key, codec.encode(state), entry.revision);
    else await bucket.create(key, codec.encode(state));
    return { completed_count: state.completed_count, raised: true };
  } catch (error) {
    if (isConflict(error)) return undefined;
    throw error;
  }
}

/** A bucket that has vanished (NATS was wiped) is made again once. */
async function withBucket<T>(bus: Bus, work: (bucket: KV) => Promise<T>): Promise<T> {
  try {
    return await work(await bucketOf(bus));
  } catch (error) {
    if (!isGone(error)) throw error;
    buckets.delete(bus);
    return work(await bucketOf(bus));
  }
}

function isGone(error: unknown): boolean {
  if (!(error instanceof NatsError)) return false;
  // A direct read from a bucket that is gone gets no answer at all.
  const missing: string[] = [ErrorCode.NoResponders, ErrorCode.JetStream404NoMessages, ErrorCode.Timeout];
  return missing.includes(error.code) || natsErrorCode(error) === STREAM_NOT_FOUND;
}

function bucketOf(bus: Bus): Promise<KV> {
  let bucket = buckets.get(bus);
  if (!bucket) {
    bucket = bus.jetstream.views.kv(
      STATE_BUCKET,
      bus.ownsTopology
        ? { history: HISTORY, storage: StorageType.File, replicas: bus.replicas }
        : { bindOnly: true, allow_direct: true },
    );
    buckets.set(bus, bucket);
    bucket.catch(() => buckets.delete(bus));
  }
  return bucket;
}
