/**
 * Leases on the commands this worker runs: one beat extends all of them in Postgres and tells NATS that work goes
 * on. A command whose lease is lost (taken over, cancelled, loop stopped) or has run out unextended, by this worker's
 * own clock, is aborted: it starts nothing more, and the fence of its finish decides what counts.
 */
import { every, type Log, type RoundRecorder, type Service } from '@noetl/service';
import { heartbeat, type CommandKey, type Store } from '@noetl/store';

export interface Lease {
  signal: AbortSignal;
  /** False, and the signal ends, once the time is over; a process that was asleep learns it here first. */
  holds(): boolean;
  /** What has been started ends; nothing else of the command is. */
  paused(): boolean;
  /** Throws when it does not hold. */
  check(): void;
  release(): void;
}

interface Held {
  key: CommandKey;
  abort: AbortController;
  working: () => void;
  /** Monotonic milliseconds. */
  until: number;
  paused: boolean;
}

interface Options {
  store: Store;
  workerId: string;
  leaseMs: number;
  heartbeatMs: number;
  log: Log;
  rounds?: RoundRecorder;
  /** Told of each command that is lost. */
  lost?: () => void;
  /** Monotonic milliseconds. */
  clock: () => number;
}

export class Leases {
  readonly service: Service;
  readonly #held = new Map<string, Held>();
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
    const { heartbeatMs, log, rounds } = options;
    const beats = every('heartbeat', heartbeatMs, () => this.#beat(), { log, rounds });
    const watch = every('leases', heartbeatMs / 4, () => this.#expire(), { log, rounds });
    this.service = {
      name: 'leases',
      start: async () => {
        await beats.start();
        await watch.start();
      },
      stop: async () => {
        await beats.stop();
        await watch.stop();
      },
    };
  }

  /** Whether this worker runs the command already. */
  has(key: CommandKey): boolean {
    return this.#held.has(textOf(key));
  }

  /** `claimedAt`: before the claim was sent. `working` tells the message's stream that its command is worked on. */
  hold(key: CommandKey, claimedAt: number, working: () => void): Lease {
    const { clock, leaseMs } = this.#options;
    const abort = new AbortController();
    const held = { key, abort, working, until: claimedAt + leaseMs, paused: false };
    this.#held.set(textOf(key), held);
    const holds = (): boolean => {
      if (clock() >= held.until) this.#lose(held);
      return !abort.signal.aborted;
    };
    return {
      signal: abort.signal,
      holds,
      paused: () => held.paused,
      check: () => {
        holds();
        abort.signal.throwIfAborted();
      },
      release: () => {
        if (this.#held.get(textOf(key)) === held) this.#held.delete(textOf(key));
      },
    };
  }

  async #beat(): Promise<void> {
    const { store, workerId, leaseMs, clock } = this.#options;
    const beating = [...this.#held.values()];
    if (beating.length === 0) return;
    for (const { working } of beating) working();
    const keys = beating.map(({ key }) => key);
    const until = clock() + leaseMs;
    const kept = await heartbeat(store, keys, workerId, leaseMs);
    const ours = new Map(kept.map((key) => [textOf(key), key]));
    for (const held of beating) {
      const key = ours.get(textOf(held.key));
      if (!key) this.#lose(held);
      else {
        held.until = until;
        held.paused = key.paused;
      }
    }
  }

  #lose({ key, abort }: Held): void {
    if (!abort.signal.aborted) this.#options.lost?.();
    abort.abort(new Error(`the lease of command ${key.command_id} is lost`));
  }

  #expire(): Promise<void> {
    const now = this.#options.clock();
    for (const held of this.#held.values()) if (now >= held.until) this.#lose(held);
    return Promise.resolve();
  }
}

function textOf({ execution_id, command_id }: CommandKey): string {
  return `${execution_id}/${command_id}`;
}
