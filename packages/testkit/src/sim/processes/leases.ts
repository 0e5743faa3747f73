/** `worker/src/leases.ts`: one beat extends all leases; one that has run out, by the worker's own clock, is lost. */
import type { Database } from '../store/database.ts';
import { heartbeat } from '../store/commands.ts';
import type { Process, Work } from '../world.ts';

export const LEASE_MS = 10_000;
const HEARTBEAT_MS = 3_000;

export class Lease {
  readonly key: string;
  readonly working: () => void;
  until: number;
  paused = false;
  lost = false;
  readonly #process: Process;

  constructor(process: Process, key: string, claimedAt: number, working: () => void) {
    this.#process = process;
    this.key = key;
    this.until = claimedAt + LEASE_MS;
    this.working = working;
  }

  /** False once the time is over. */
  holds(): boolean {
    if (this.#process.world.now >= this.until) this.lost = true;
    return !this.lost;
  }
}

export class Leases {
  readonly #held = new Map<string, Lease>();
  readonly #process: Process;
  readonly #db: Database;

  constructor(process: Process, db: Database) {
    this.#process = process;
    this.#db = db;
    process.every(HEARTBEAT_MS, () => this.#beat());
  }

  has(key: string): boolean {
    return this.#held.has(key);
  }

  hold(key: string, claimedAt: number, working: () => void): Lease {
    const lease = new Lease(this.#process, key, claimedAt, working);
    this.#held.set(key, lease);
    return lease;
  }

  release(lease: Lease): void {
    if (this.#held.get(lease.key) === lease) this.#held.delete(lease.key);
  }

  *#beat(): Work {
    const beating = [...this.#held.values()];
    if (beating.length === 0) return;
    for (const { working } of beating) working();
    const until = this.#process.world.now + LEASE_MS;
    const keys = beating.map(({ key }) => key);
    const kept = yield* heartbeat(this.#db, this.#process, keys, LEASE_MS);
    for (const lease of beating) {
      const paused = kept.get(lease.key);
      if (paused === undefined) lease.lost = true;
      else {
        lease.until = until;
        lease.paused = paused;
      }
    }
  }
}
