/**
 * Notices come in bursts; one `advance` per execution runs at a time in this process, and a notice that arrives
 * meanwhile causes exactly one more. Across processes the row lock does the same.
 */
import type { Id } from '@noetl/protocol';
import type { Log } from '@noetl/service';

export class AdvanceQueue {
  readonly #advance: (executionId: Id) => Promise<void>;
  readonly #log: Log;
  readonly #again = new Set<Id>();
  readonly #running = new Map<Id, Promise<void>>();

  constructor(advance: (executionId: Id) => Promise<void>, log: Log) {
    this.#advance = advance;
    this.#log = log;
  }

  /** Never rejects: a failed advance is logged, and the relay comes back to it. */
  push(executionId: Id): Promise<void> {
    const running = this.#running.get(executionId);
    if (running) {
      this.#again.add(executionId);
      return running;
    }
    const run = this.#run(executionId).finally(() => this.#running.delete(executionId));
    this.#running.set(executionId, run);
    return run;
  }

  /** Resolves when nothing is being advanced. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  async #run(executionId: Id): Promise<void> {
    do {
      this.#again.delete(executionId);
      try {
        await this.#advance(executionId);
      } catch (error) {
        this.#log.warn('advance failed; the relay tries again', { execution_id: executionId, error });
      }
    } while (this.#again.has(executionId));
  }
}
