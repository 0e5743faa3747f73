/** The K/V bucket, and the atomic raise of `bus/src/loop-counter.ts` on it. */
import type { Random } from '../../random.ts';
import { latency, Unavailable, type Process, type Work } from '../world.ts';
import type { Settings } from './queue.ts';

interface Entry {
  completed_count: number;
  revision: number;
}

const RETRY_MAX_MS = 100;

export class Bucket {
  readonly #settings: Settings;
  readonly #entries = new Map<string, Entry>();
  /** What a replica that is behind still shows. */
  readonly #older = new Map<string, Entry>();
  #revision = 0;
  /** When an entry was last lost. */
  readonly lostAt = new Map<string, number>();
  wipedAt = -1;
  /** Told of every write, with what was there in this life of the entry. */
  onWrite: (key: string, before: number | undefined, after: number) => void = () => undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** What is there now. */
  current(key: string): number | undefined {
    return this.#entries.get(key)?.completed_count;
  }

  *get(key: string): Work<Entry | undefined> {
    const { world, faults } = this.#settings;
    yield* this.#roundTrip();
    const older = this.#older.get(key);
    const found = older && world.random.chance(faults.stale) ? older : this.#entries.get(key);
    yield latency(world);
    return found;
  }

  /** Raises the count to at least what is given; `raised` is false when it was there already. */
  *raise(
    process: Process,
    key: string,
    completed_count: number,
  ): Work<{ completed_count: number; raised: boolean }> {
    for (;;) {
      const entry = yield* this.get(key);
      if (entry && entry.completed_count >= completed_count)
        return { completed_count: entry.completed_count, raised: false };
      if (yield* this.#write(process, key, completed_count, entry)) return { completed_count, raised: true };
      yield { wait: this.#settings.world.random.int(1, RETRY_MAX_MS) };
    }
  }

  /** Mutation: adds to whatever is there. */
  *add(process: Process, key: string, count: number): Work<{ completed_count: number; raised: boolean }> {
    for (;;) {
      const entry = yield* this.get(key);
      const completed_count = (entry?.completed_count ?? 0) + count;
      if (yield* this.#write(process, key, completed_count, entry)) return { completed_count, raised: true };
      yield { wait: this.#settings.world.random.int(1, RETRY_MAX_MS) };
    }
  }

  /** Compare and set: false when somebody else has written since `expected` was read. */
  *#write(
    process: Process,
    key: string,
    completed_count: number,
    expected: Entry | undefined,
  ): Work<boolean> {
    const { world } = this.#settings;
    yield* this.#roundTrip();
    const before = this.#entries.get(key);
    const isSame = before?.revision === expected?.revision;
    if (isSame) {
      this.onWrite(key, before?.completed_count, completed_count);
      this.#revision += 1;
      this.#entries.set(key, { completed_count, revision: this.#revision });
      if (before) this.#older.set(key, before);
      process.note(`shows ${String(completed_count)} of loop ${key}`);
    }
    yield latency(world);
    if (this.#settings.isDown()) throw new Unavailable('NATS did not answer');
    return isSame;
  }

  *#roundTrip(): Work {
    yield latency(this.#settings.world);
    if (this.#settings.isDown()) throw new Unavailable('NATS does not answer');
  }

  wipe(): void {
    for (const key of this.#entries.keys()) this.lostAt.set(key, this.#settings.world.now);
    this.#entries.clear();
    this.#older.clear();
    this.wipedAt = this.#settings.world.now;
  }

  deleteSome(random: Random): void {
    for (const key of [...this.#entries.keys()]) {
      if (!random.chance(0.5)) continue;
      this.#settings.world.note('faults', `the K/V entry of loop ${key} is deleted`);
      this.#entries.delete(key);
      this.lostAt.set(key, this.#settings.world.now);
    }
  }
}
