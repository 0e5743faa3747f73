/**
 * Leases on the commands this worker runs: one beat extends all of them in Postgres and tells NATS that work goes
 * on. A command whose lease is lost (taken over, cancelled, loop stopped) is aborted: it starts nothing more, and the
 * fence of its finish decides what counts.
 */
import { every, type Log, type Service } from '@noetl/service';
import { heartbeat, type CommandKey, type Store } from '@noetl/store';

export interface Lease {
  signal: AbortSignal;
  release(): void;
}

interface Held {
  key: CommandKey;
  abort: AbortController;
  working: () => void;
}

export class Leases {
  readonly service: Service;
  readonly #held = new Map<string, Held>();
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
  hold(key: CommandKey, working: () => void): Lease {
    const abort = new AbortController();
    const held = { key, abort, working };
    this.#held.set(textOf(key), held);
    return {
      signal: abort.signal,
      release: () => {
        if (this.#held.get(textOf(key)) === held) this.#held.delete(textOf(key));
      },
    };
  }

  async #beat(): Promise<void> {
    const beating = [...this.#held.values()];
    if (beating.length === 0) return;
    for (const { working } of beating) working();
    const keys = beating.map(({ key }) => key);
    const kept = await heartbeat(this.#store, keys, this.#workerId, this.#leaseMs);
    const ours = new Set(kept.map(textOf));
    for (const { key, abort } of beating) {
      if (!ours.has(textOf(key))) abort.abort(new Error(`the lease of command ${key.command_id} is lost`));
    }
  }
}

function textOf({ execution_id, command_id }: CommandKey): string {
  return `${execution_id}/${command_id}`;
}
