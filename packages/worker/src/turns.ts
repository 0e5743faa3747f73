/**
 * Executions take turns. Messages come in the order in which chunks were issued, so an execution with many chunks out
 * would keep all others waiting behind them: a worker that gets one of its messages takes up a chunk of whoever has
 * had less, and gives the message back for later.
 */
import type { CommandNotice, Id } from '@noetl/protocol';
import { every, type Log, type RoundRecorder, type Service } from '@noetl/service';
import { nextChunkOf, standings, type Standing, type Store } from '@noetl/store';

const LOOK_MS = 500;
/** Turns had are forgotten by and by: what counts is the last seconds. */
const FORGOTTEN = 0.5;

export class Turns {
  readonly service: Service;
  readonly #store: Store;
  readonly #pool: string;
  #standings: Standing[] = [];
  #ofExecution = new Map<Id, Standing>();
  /** Chunks that this worker has taken up lately, by root. */
  #had = new Map<Id, number>();

  constructor(store: Store, pool: string, log: Log, rounds?: RoundRecorder) {
    this.#store = store;
    this.#pool = pool;
    this.service = every('turns', LOOK_MS, () => this.#look(), { log, rounds });
  }

  /** A chunk that comes before the one that the message names; undefined when it is its turn. */
  async before({ execution_id, lane }: CommandNotice): Promise<CommandNotice | undefined> {
    const mine = lane === 'chunk' ? this.#ofExecution.get(execution_id) : undefined;
    if (!mine || this.#standings.length < 2) return undefined;
    let first = mine;
    for (const other of this.#standings)
      if (other.waiting > 0 && this.#score(other) < this.#score(first)) first = other;
    if (first === mine) return undefined;
    const chunk = await nextChunkOf(this.#store, first.executions, this.#pool);
    first.waiting = chunk ? first.waiting - 1 : 0;
    return chunk && { ...chunk, lane };
  }

  /** A chunk of the execution is taken up; call the result when it has ended. */
  begin(executionId: Id): () => void {
    const standing = this.#ofExecution.get(executionId);
    if (!standing) return () => undefined;
    standing.running += 1;
    this.#had.set(standing.root, (this.#had.get(standing.root) ?? 0) + 1);
    return () => (standing.running -= 1);
  }

  #score({ root, running }: Standing): number {
    return running + (this.#had.get(root) ?? 0);
  }

  async #look(): Promise<void> {
    this.#standings = await standings(this.#store, this.#pool);
    this.#ofExecution = new Map(
      this.#standings.flatMap((standing) => standing.executions.map((id) => [id, standing] as const)),
    );
    const kept = [...this.#had].map(([root, had]) => [root, had * FORGOTTEN] as const);
    this.#had = new Map(kept.filter(([, had]) => had > FORGOTTEN / 2));
  }
}
