/** A work queue of JetStream: stored until acknowledged, delivered again after the ack wait, deduplicated by id. */
import type { Faults } from '../faults.ts';
import { latency, type Process, type World } from '../world.ts';

export interface Settings {
  world: World;
  faults: Faults;
  isDown: () => boolean;
}

interface Stored<T> {
  notice: T;
  id: string;
  /** Delivered and not answered; until then nobody else gets it. */
  until: number | undefined;
}

/** A message with the means to answer it. */
export interface Delivery<T> {
  notice: T;
  working(): void;
  ack(): void;
  nak(delayMs: number): void;
}

interface Subscriber<T> {
  process: Process;
  slots: number;
  busy: number;
  handle: (delivery: Delivery<T>, done: () => void) => void;
}

const DEDUPE_MS = 120_000;

export class Queue<T> {
  readonly #settings: Settings & { ackWaitMs: number };
  readonly #stored = new Set<Stored<T>>();
  readonly #seen = new Map<string, number>();
  readonly #subscribers = new Set<Subscriber<T>>();
  /** Told of every acknowledgement that the server takes. */
  onAck: (notice: T) => void = () => undefined;

  constructor(settings: Settings & { ackWaitMs: number }) {
    this.#settings = settings;
  }

  /** What became of it, for the log. */
  add(notice: T, id: string): string {
    const { world, faults } = this.#settings;
    const seenAt = this.#seen.get(id);
    if (seenAt !== undefined && world.now - seenAt < DEDUPE_MS) return ': a duplicate, dropped';
    this.#seen.set(id, world.now);
    // JetStream acknowledges before it writes to the disk.
    if (world.random.chance(faults.drop)) return ': lost by the server';
    const twice = world.random.chance(faults.duplicate);
    for (let copies = twice ? 2 : 1; copies > 0; copies -= 1) this.#store({ notice, id, until: undefined });
    return twice ? ': stored twice' : '';
  }

  /** Ends with the process. */
  subscribe(process: Process, slots: number, handle: Subscriber<T>['handle']): void {
    const subscriber = { process, slots, busy: 0, handle };
    this.#subscribers.add(subscriber);
    process.onDeath.add(() => this.#subscribers.delete(subscriber));
    this.#offerAll();
  }

  wipe(): void {
    this.#stored.clear();
    this.#seen.clear();
  }

  #store(stored: Stored<T>): void {
    const { world, faults } = this.#settings;
    this.#stored.add(stored);
    const late = world.random.chance(faults.delay) ? world.random.int(1, 6_000) : 0;
    world.at(late, () => this.#offer(stored));
  }

  #offerAll(): void {
    for (const stored of [...this.#stored]) this.#offer(stored);
  }

  /** Gives it to one of those who have a free slot. */
  #offer(stored: Stored<T>): void {
    const { world, faults, ackWaitMs, isDown } = this.#settings;
    if (!this.#stored.has(stored) || stored.until !== undefined) return;
    if (isDown()) {
      world.at(500, () => this.#offer(stored));
      return;
    }
    const free = [...this.#subscribers].filter(({ slots, busy }) => busy < slots);
    if (free.length === 0) return;
    const subscriber = world.random.pick(free);
    this.#expect(stored, ackWaitMs);
    if (world.random.chance(faults.drop)) {
      world.note('bus', `delivery of ${stored.id} is lost`);
      return;
    }
    subscriber.busy += 1;
    const { wait } = latency(world) as { wait: number };
    world.at(wait, () => this.#deliver(stored, subscriber));
  }

  #deliver(stored: Stored<T>, subscriber: Subscriber<T>): void {
    const { world, faults, ackWaitMs, isDown } = this.#settings;
    // What a dead process had been given comes again after the ack wait.
    if (!this.#subscribers.has(subscriber)) return;
    const answer = (act: () => void): void => {
      if (isDown() || world.random.chance(faults.drop)) return;
      const { wait } = latency(world) as { wait: number };
      world.at(wait, () => {
        if (this.#stored.has(stored)) act();
      });
    };
    const delivery = {
      notice: stored.notice,
      working: () => answer(() => this.#expect(stored, ackWaitMs)),
      ack: () =>
        answer(() => {
          this.onAck(stored.notice);
          this.#stored.delete(stored);
        }),
      nak: (delayMs: number) => answer(() => this.#expect(stored, delayMs)),
    };
    subscriber.handle(delivery, () => {
      subscriber.busy -= 1;
      this.#offerAll();
    });
  }

  /** It is offered again when nothing is heard of it for so long. */
  #expect(stored: Stored<T>, ms: number): void {
    const { world } = this.#settings;
    const until = world.now + ms;
    stored.until = until;
    world.at(ms, () => {
      if (stored.until !== until) return;
      stored.until = undefined;
      this.#offer(stored);
    });
  }
}
