/** Calls that wait for permits under the same keys, in the order in which they came. */

/** Waiting this long is normal; then a command that has done nothing yet may make room for others. */
const PATIENCE_MS = 1_000;
/** One command of a worker goes on waiting, so that no permit is missed, unless there will be none for longer. */
const SOON_MS = 2_000;
/** Commands are put off for so long, at least and at most. */
const PUT_OFF_MIN_MS = 1_000;
const PUT_OFF_MAX_MS = 15_000;
const JITTER = 0.25;

/** Thrown when a command should give its place to others and come again later. */
export class Postponed extends Error {
  readonly after_ms: number;

  constructor(after_ms: number) {
    super('waits for a permit');
    this.name = 'Postponed';
    this.after_ms = after_ms;
  }
}

export interface Turn {
  signal: AbortSignal;
  /** What the call belongs to: calls of one owner wait together. */
  owner: object;
  /** Whether the call can be put off: nothing that would be done again has been done. */
  mayPostpone: () => boolean;
}

interface Waiter extends Turn {
  resolve: () => void;
  reject: (reason: Error) => void;
  leave: () => void;
}

export class Line {
  readonly keys: string[];
  /** Monotonic milliseconds; when to ask for permits next. */
  askAt = 0;
  #waiters: Waiter[] = [];
  #waitMs = 0;

  constructor(keys: string[]) {
    this.keys = keys;
  }

  get length(): number {
    return this.#waiters.length;
  }

  join(turn: Turn): Promise<void> {
    return new Promise((resolve, reject) => {
      const gaveUp = (): void => waiter.reject(turn.signal.reason as Error);
      const patience = setInterval(() => {
        if (this.#shouldLeave(waiter)) waiter.reject(new Postponed(this.#putOffMs()));
      }, PATIENCE_MS);
      const leave = (): void => {
        clearInterval(patience);
        turn.signal.removeEventListener('abort', gaveUp);
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
      };
      const waiter: Waiter = {
        ...turn,
        leave,
        resolve: () => {
          leave();
          resolve();
        },
        reject: (reason) => {
          leave();
          reject(reason);
        },
      };
      this.#waiters.push(waiter);
      turn.signal.addEventListener('abort', gaveUp, { once: true });
      if (turn.signal.aborted) gaveUp();
    });
  }

  /** Gives out what was granted; returns how many of them found a taker. `waitMs`: until there may be more. */
  serve(granted: number, waitMs: number): number {
    this.#waitMs = waitMs;
    const served = this.#waiters.slice(0, granted);
    for (const waiter of served) waiter.resolve();
    return served.length;
  }

  #shouldLeave(waiter: Waiter): boolean {
    const first = this.#waiters[0]?.owner === waiter.owner;
    return (!first || this.#waitMs > SOON_MS) && waiter.mayPostpone();
  }

  #putOffMs(): number {
    const wanted = Math.min(PUT_OFF_MAX_MS, Math.max(PUT_OFF_MIN_MS, this.#waitMs));
    return wanted * (1 + Math.random() * JITTER);
  }
}
