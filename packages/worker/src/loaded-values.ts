/** Stored values that the templates of one command look into: loaded when asked for, then evaluated again. */
import { NeedsValue } from '@noetl/playbook';
import { NoetlError, type Id, type Json } from '@noetl/protocol';
import { loadValue, type Store } from '@noetl/store';

const LOADS_MAX = 32;

export class LoadedValues {
  readonly #store: Store;
  readonly #executionId: Id;
  readonly #loaded = new Map<string, Json>();

  constructor(store: Store, executionId: Id) {
    this.#store = store;
    this.#executionId = executionId;
  }

  /** For scopes: the loaded content, or undefined when it is not loaded yet. */
  readonly resolve = (ref: string): Json | undefined => this.#loaded.get(ref);

  /** Runs `work`; whenever it throws {@link NeedsValue}, loads the values and runs it again. */
  async run<T>(work: () => T): Promise<T> {
    for (let round = 0; round < LOADS_MAX; round += 1) {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof NeedsValue)) throw error;
        await this.load(error.refs);
      }
    }
    throw new NoetlError(
      'TEMPLATE_BUDGET',
      `the templates of one step look into more than ${String(LOADS_MAX)} stored values`,
    );
  }

  async load(refs: string[]): Promise<void> {
    for (const ref of refs) {
      if (!this.#loaded.has(ref)) this.#loaded.set(ref, await loadValue(this.#store, this.#executionId, ref));
    }
  }
}
