/** Evaluates templates that may look inside stored values: loads what they ask for and evaluates again. */
import { NoetlError, parseRef, type Id, type Json } from '@noetl/protocol';
import { NeedsValue } from '@noetl/playbook';
import { readItems, readValue, type Store } from '@noetl/store';

/** Largest stored list that a template may look into; beyond it only code steps read the list, page by page. */
const TEMPLATE_LIST_MAX = 10_000;
const LOADS_MAX = 32;

/** Stored values that templates of one command asked for, by reference text. */
export class LoadedValues {
  readonly #store: Store;
  readonly #executionId: Id;
  readonly #loaded = new Map<string, Json>();

  constructor(store: Store, executionId: Id) {
    this.#store = store;
    this.#executionId = executionId;
  }

  /** For {@link import('@noetl/playbook').Scope}: the loaded content, or undefined when not loaded yet. */
  readonly resolve = (ref: string): Json | undefined => this.#loaded.get(ref);

  /** Runs `work`; whenever it throws {@link NeedsValue}, loads the values and runs it again. */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    for (let round = 0; round < LOADS_MAX; round += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof NeedsValue)) throw error;
        await this.load(error.refs);
      }
    }
    throw new NoetlError(
      'TEMPLATE_BUDGET',
      `the templates of one step look into more than ${LOADS_MAX} stored values`,
    );
  }

  async load(refs: string[]): Promise<void> {
    for (const ref of refs) {
      if (!this.#loaded.has(ref)) this.#loaded.set(ref, await this.#read(ref));
    }
  }

  async #read(ref: string): Promise<Json> {
    const parsed = parseRef(ref);
    if (parsed?.executionId !== this.#executionId) {
      throw new NoetlError('TEMPLATE_ERROR', `the value ${ref} does not belong to this execution`);
    }
    if (parsed.kind === 'value') return JSON.parse(await readValue(this.#store, ref)) as Json;
    const items = await readItems(this.#store, ref, 0, TEMPLATE_LIST_MAX + 1);
    if (items.length > TEMPLATE_LIST_MAX) {
      throw new NoetlError(
        'VALUE_TOO_LARGE',
        `a template looks into a list of more than ${TEMPLATE_LIST_MAX} items`,
      );
    }
    return JSON.parse(`[${items.join(',')}]`) as Json;
  }
}
