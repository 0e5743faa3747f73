/** Credentials of one worker: opened when a step asks for one that its playbook may use, and kept for a moment. */
import { LRUCache } from 'lru-cache';
import { NoetlError } from '@noetl/protocol';
import { readCredential, type Sealer, type Store } from '@noetl/store';
import type { Credential } from '@noetl/tools';

/** A changed credential is used after at most this long. */
const KEPT_MS = 15_000;

export class Credentials {
  readonly #kept: LRUCache<string, Credential>;

  constructor(store: Store, sealer: Sealer) {
    this.#kept = new LRUCache<string, Credential>({
      max: 500,
      ttl: KEPT_MS,
      fetchMethod: async (name) => {
        const found = await readCredential(store, sealer, name);
        if (found) return found;
        throw new NoetlError('CREDENTIAL_UNKNOWN', `there is no credential "${name}"`);
      },
    });
  }

  /** Throws CREDENTIAL_UNKNOWN, ENCRYPTION_KEY_MISSING, SEALED_DATA_INVALID. */
  get(name: string): Promise<Credential> {
    return this.#kept.forceFetch(name);
  }
}
