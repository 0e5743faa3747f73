/** Values behind references that the templates of one command look into: loaded when asked for, then evaluated again. */
import { NeedsValue } from '@noetl/playbook';
import { NoetlError, type Json } from '@noetl/protocol';

const LOADS_MAX = 32;

/** Content behind a reference. */
export type Loader = (ref: string) => Promise<Json>;

export class LoadedValues {
  readonly #load: Loader;
  readonly #loaded = new Map<string, Json>();

  constructor(load: Loader) {
    this.#load = load;
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
    for (const ref of refs) await this.content(ref);
  }

  /** Loaded once. */
  async content(ref: string): Promise<Json> {
    const known = this.#loaded.get(ref);
    if (known !== undefined) return known;
    const value = await this.#load(ref);
    this.#loaded.set(ref, value);
    return value;
  }
}
