/**
 * Leases on the commands this worker runs: one beat extends all of them in Postgres and tells NATS that work goes
 * on. A command whose lease is lost (taken over, cancelled, loop stopped) is aborted: it starts nothing more, and the
 * fence of its finish decides what counts.
 */
import type { Id } from '@noetl/protocol';
import { every, type Log, type Service } from '@noetl/service';
import { heartbeat, type Store } from '@noetl/store';

export interface Lease {
  signal: AbortSignal;
  release(): void;
}

interface Held {
  abort: AbortController;
  working: () => void;
}

export class Leases {
  readonly service: Service;
  readonly #held = new Map<Id, Held>();
  readonly #store: Store;
  readonly #workerId: string;
  readonly #leaseMs: number;

  constructor(options: { store: Store; workerId: string; leaseMs: number; heartbeatMs: number; log: Log }) {
    this.#store = options.store;
    this.#workerId = options.workerId;
    this.#leaseMs = options.leaseMs;
    this.service = every('heartbeat', options.heartbeatMs, () => this.#beat(), { log: options.log });
  }

  /** `working` tells the message's stream that its command is still being worked on. */
  hold(commandId: Id, working: () => void): Lease {
    const abort = new AbortController();
    this.#held.set(commandId, { abort, working });
    return { signal: abort.signal, release: () => this.#held.delete(commandId) };
  }

  async #beat(): Promise<void> {
    const beating = [...this.#held];
    if (beating.length === 0) return;
    for (const [, { working }] of beating) working();
    const ids = beating.map(([id]) => id);
    const ours = new Set(await heartbeat(this.#store, ids, this.#workerId, this.#leaseMs));
    for (const [id, { abort }] of beating) {
      if (!ours.has(id)) abort.abort(new Error(`the lease of command ${id} is lost`));
    }
  }
}
