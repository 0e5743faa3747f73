/**
 * States of executions that are moving, kept from one decision to the next: each is the fold of all events up to an
 * id, so events after it are all there is to read. Losing one costs a longer read, nothing else.
 */
import { LRUCache } from 'lru-cache';
import type { Id } from '@noetl/protocol';
import type { HotState } from './folding.ts';

const KEPT_MAX = 500;
const KEPT_MS = 60_000;

export class HotStates {
  readonly #kept = new LRUCache<Id, HotState>({ max: KEPT_MAX, ttl: KEPT_MS });

  get(executionId: Id): HotState | undefined {
    return this.#kept.get(executionId);
  }

  set(executionId: Id, hot: HotState): void {
    this.#kept.set(executionId, hot);
  }

  forget(executionId: Id): void {
    this.#kept.delete(executionId);
  }
}
