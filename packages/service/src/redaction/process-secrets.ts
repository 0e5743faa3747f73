/** Secrets that a process has in its hands: its logs and spans are told without them. */
import { LRUCache } from 'lru-cache';
import { withoutNamed } from './by-name.ts';
import { Secrets } from './secrets.ts';

/** The last so many; what was used long before has been logged long before. */
const KEPT_MAX = 500;

class ProcessSecrets {
  readonly #kept = new LRUCache<string, true>({ max: KEPT_MAX });
  #secrets = new Secrets();

  add(value: string): void {
    if (this.#kept.get(value)) return;
    this.#kept.set(value, true);
    this.#secrets = new Secrets();
    for (const known of this.#kept.keys()) this.#secrets.add(known);
  }

  /** A line or message without them, and without what says by its name that it is a secret. */
  text(text: string): string {
    return withoutNamed(this.#secrets.text(text));
  }
}

/** One for the process, as there is one log. */
export const processSecrets = new ProcessSecrets();
