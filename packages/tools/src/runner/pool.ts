/**
 * A bounded number of runner processes of one language; one batch uses one runner at a time. What code leaves in its
 * process stays there: a runner that has run code of one playbook runs no other's.
 */
import type { Isolation, Program } from '../isolation/isolation.ts';
import { Watch } from '../isolation/watch.ts';
import { RunnerProcess } from './process.ts';

/** Why a runner is not used again: its process ended, an item took too long, its batch was given up, it never came up. */
export type RunnerEnd = 'crash' | 'timeout' | 'abandoned' | 'unavailable';

export interface RunnerPoolOptions {
  isolation: Isolation;
  program: Program;
  /** Most at a time, without one that is started ahead. */
  max: number;
  /** Whether a runner may run code of several playbooks. */
  mixed?: boolean;
  ended?: (reason: RunnerEnd) => void;
}

export class RunnerPool {
  readonly #options: RunnerPoolOptions;
  readonly #watch: Watch;
  readonly #all = new Set<RunnerProcess>();
  /** Used longest ago first. */
  readonly #idle: RunnerProcess[] = [];
  readonly #queue: { owner: string; take: (runner: RunnerProcess) => void }[] = [];
  /** Started ahead as soon as playbooks take turns, so that the next one does not wait for it. */
  #spare: RunnerProcess | undefined;
  #closed = false;

  constructor(options: RunnerPoolOptions) {
    this.#options = options;
    this.#watch = new Watch(options.isolation.limits);
  }

  /** An idle runner of that playbook, a new one, or the next that is given back. */
  async acquire(playbook: string): Promise<RunnerProcess> {
    if (this.#closed) throw new Error('the runner pool is closed');
    const owner = this.#options.mixed === true ? '' : playbook;
    this.#buryDead();
    const place = this.#idle.findLastIndex((runner) => runner.owner === owner);
    const [known] = place < 0 ? [] : this.#idle.splice(place, 1);
    if (known) return this.#lend(known, owner);
    if (this.#all.size >= this.#options.max) {
      const other = this.#idle.shift();
      if (!other) return new Promise((resolve) => this.#queue.push({ owner, take: resolve }));
      this.#discard(other);
      return this.#lend(this.#startInTurn(), owner);
    }
    return this.#lend(this.#start(), owner);
  }

  /** Give back a runner that has nothing in flight; one that has died, or is killed here for a reason, is replaced. */
  release(runner: RunnerProcess, end: RunnerEnd | undefined): void {
    this.#watch.remove(runner);
    if (end !== undefined || !runner.alive) {
      runner.kill();
      this.#all.delete(runner);
      this.#options.ended?.(end ?? 'crash');
    }
    const next = this.#queue.shift();
    if (!next) {
      if (this.#all.has(runner)) this.#idle.push(runner);
      return;
    }
    if (!this.#all.has(runner)) next.take(this.#lend(this.#start(), next.owner));
    else if (runner.owner === next.owner) next.take(this.#lend(runner, next.owner));
    else {
      this.#discard(runner);
      next.take(this.#lend(this.#startInTurn(), next.owner));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#all, ...(this.#spare ? [this.#spare] : [])];
    for (const runner of all) runner.kill();
    await Promise.all(all.map((runner) => runner.ended()));
  }

  #lend(runner: RunnerProcess, owner: string): RunnerProcess {
    runner.owner = owner;
    this.#watch.add(runner);
    return runner;
  }

  /** Its playbook has no work, and another one has. */
  #discard(runner: RunnerProcess): void {
    runner.kill();
    this.#all.delete(runner);
  }

  #buryDead(): void {
    for (const runner of this.#idle.filter(({ alive }) => !alive)) {
      this.#idle.splice(this.#idle.indexOf(runner), 1);
      this.#all.delete(runner);
      this.#options.ended?.('crash');
    }
  }

  #start(): RunnerProcess {
    const spare = this.#spare;
    this.#spare = undefined;
    const runner = spare?.alive === true ? spare : this.#spawn();
    this.#all.add(runner);
    return runner;
  }

  /** And one ahead, for the next turn. */
  #startInTurn(): RunnerProcess {
    const runner = this.#start();
    void runner.ready.then(() => {
      if (!this.#closed && runner.alive) this.#spare ??= this.#spawn();
    });
    return runner;
  }

  #spawn(): RunnerProcess {
    return new RunnerProcess(this.#options.isolation, this.#options.program);
  }
}
