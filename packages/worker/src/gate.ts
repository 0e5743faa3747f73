/** What every call of a tool passes: the command is still this worker's, and the limits that apply have room. */
import type { Lease } from './leases.ts';
import { Postponed, type Turn } from './line.ts';
import type { HeldPermit, Permits } from './permits.ts';

export interface Gate {
  /** Those of the keys that have a limit now. */
  limited(keys: readonly string[]): string[];
  /**
   * Throws when the command is no longer this worker's. With limited keys, waits for a permit; `first`: the item has
   * done nothing yet, so that it may be put off with {@link Postponed}.
   */
  enter(keys: string[], first: boolean): Promise<HeldPermit | undefined>;
}

/** Of a command that is one piece of work. */
export function gateOf(permits: Permits, lease: Lease): Gate {
  const owner = {};
  return {
    limited: (keys) => permits.limited(keys),
    enter: (keys, first) =>
      enter(permits, lease, keys, { signal: lease.signal, owner, mayPostpone: () => first }),
  };
}

async function enter(
  permits: Permits,
  lease: Lease,
  keys: string[],
  turn: Turn,
): Promise<HeldPermit | undefined> {
  lease.check();
  if (keys.length === 0) return undefined;
  const permit = await permits.acquire(keys, turn);
  if (!lease.holds()) permit.release();
  lease.check();
  return permit;
}

/**
 * Of a chunk, whose items run several at once. An item is put off only while none after it has begun: what is handed
 * back is then the rest of the chunk, one range, and never more chunks than there were.
 */
export class ChunkGate {
  /** First item that was put off, and for how long. */
  putOff: { from: number; after_ms: number } | undefined;
  readonly #permits: Permits;
  readonly #lease: Lease;
  readonly #waiting = new Map<number, AbortController>();
  #begun = -1;

  constructor(permits: Permits, lease: Lease) {
    this.#permits = permits;
    this.#lease = lease;
  }

  /** Whether anything may be started. */
  get isOpen(): boolean {
    return this.putOff === undefined && !this.#lease.paused() && this.#lease.holds();
  }

  limited(keys: readonly string[]): string[] {
    return this.#permits.limited(keys);
  }

  of(index: number): Gate {
    return {
      limited: (keys) => this.limited(keys),
      enter: async (keys, first) => {
        const permit = await this.#enter(index, keys, first);
        this.#begun = Math.max(this.#begun, index);
        return permit;
      },
    };
  }

  async #enter(index: number, keys: string[], first: boolean): Promise<HeldPermit | undefined> {
    if (this.putOff && index > this.putOff.from) throw new Postponed(this.putOff.after_ms);
    const waiting = new AbortController();
    const signal = AbortSignal.any([this.#lease.signal, waiting.signal]);
    const mayPostpone = (): boolean => first && this.#begun < index;
    this.#waiting.set(index, waiting);
    try {
      return await enter(this.#permits, this.#lease, keys, { signal, owner: this, mayPostpone });
    } catch (error) {
      if (error instanceof Postponed) this.#putOffFrom(index, error);
      throw error;
    } finally {
      this.#waiting.delete(index);
    }
  }

  #putOffFrom(from: number, postponed: Postponed): void {
    this.putOff = { from: Math.min(from, this.putOff?.from ?? from), after_ms: postponed.after_ms };
    for (const [index, waiting] of this.#waiting) if (index > from) waiting.abort(postponed);
  }
}
