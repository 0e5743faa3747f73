/** Row locks: first come, first served; who would wait in a circle is refused, as Postgres does. */
import { Unavailable, type Effect } from '../world.ts';

interface Waiting {
  owner: object;
  resume: (error?: Error) => void;
}

/** Postgres ends a transaction that waits in a circle. */
export class Deadlock extends Unavailable {}

export class Locks {
  readonly #holders = new Map<string, object>();
  readonly #waiting = new Map<string, Waiting[]>();

  /** Undefined when the lock is the owner's now; otherwise what it has to wait for. */
  take(key: string, owner: object): Effect | undefined {
    const holder = this.#holders.get(key);
    if (holder === owner) return undefined;
    if (holder === undefined) {
      this.#holders.set(key, owner);
      return undefined;
    }
    if (this.#closesCircle(holder, owner)) throw new Deadlock('deadlock detected');
    return {
      until: (resume) => {
        const queue = this.#waiting.get(key) ?? [];
        queue.push({ owner, resume });
        this.#waiting.set(key, queue);
      },
    };
  }

  /** Nobody holds it, or this owner does. */
  isFree(key: string, owner?: object): boolean {
    const holder = this.#holders.get(key);
    return holder === undefined || holder === owner;
  }

  /** Gives back everything the owner holds or waits for. */
  release(owner: object): void {
    for (const queue of this.#waiting.values()) {
      for (let at = queue.length - 1; at >= 0; at -= 1) if (queue[at]?.owner === owner) queue.splice(at, 1);
    }
    for (const [key, holder] of [...this.#holders]) if (holder === owner) this.#pass(key);
  }

  #pass(key: string): void {
    const next = this.#waiting.get(key)?.shift();
    if (!next) {
      this.#holders.delete(key);
      return;
    }
    this.#holders.set(key, next.owner);
    next.resume();
  }

  #closesCircle(holder: object, owner: object): boolean {
    const seen = new Set<object>();
    for (let at: object | undefined = holder; at !== undefined && !seen.has(at);) {
      if (at === owner) return true;
      seen.add(at);
      at = this.#awaitedBy(at);
    }
    return false;
  }

  #awaitedBy(owner: object): object | undefined {
    for (const [key, queue] of this.#waiting)
      if (queue.some((waiting) => waiting.owner === owner)) return this.#holders.get(key);
    return undefined;
  }
}
