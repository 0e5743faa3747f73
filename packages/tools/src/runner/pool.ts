/** A bounded number of runner processes of one language; one batch uses one runner at a time. */
import { RunnerProcess, type RunnerCommand } from './process.ts';

/** Why a runner is not used again: its process ended, an item took too long, its batch was given up, it never came up. */
export type RunnerEnd = 'crash' | 'timeout' | 'abandoned' | 'unavailable';

export class RunnerPool {
  readonly #command: RunnerCommand;
  readonly #max: number;
  readonly #ended: (reason: RunnerEnd) => void;
  readonly #all = new Set<RunnerProcess>();
  readonly #idle: RunnerProcess[] = [];
  readonly #queue: ((runner: RunnerProcess) => void)[] = [];
  #closed = false;

  constructor(command: RunnerCommand, max: number, ended: (reason: RunnerEnd) => void = () => undefined) {
    this.#command = command;
    this.#max = max;
    this.#ended = ended;
  }

  /** An idle runner, a new one, or the next that is given back. */
  async acquire(): Promise<RunnerProcess> {
    if (this.#closed) throw new Error('the runner pool is closed');
    for (let runner = this.#idle.pop(); runner; runner = this.#idle.pop()) {
      if (runner.alive) return runner;
      this.#all.delete(runner);
      this.#ended('crash');
    }
    if (this.#all.size < this.#max) return this.#start();
    return new Promise((resolve) => this.#queue.push(resolve));
  }

  /** Give back a runner that has nothing in flight; one that has died, or is killed here for a reason, is replaced. */
  release(runner: RunnerProcess, end: RunnerEnd | undefined): void {
    if (end !== undefined || !runner.alive) {
      runner.kill();
      this.#all.delete(runner);
      this.#ended(end ?? 'crash');
    }
    const next = this.#queue.shift();
    if (next) next(this.#all.has(runner) ? runner : this.#start());
    else if (this.#all.has(runner)) this.#idle.push(runner);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#all];
    for (const runner of all) runner.kill();
    await Promise.all(all.map((runner) => runner.ended()));
  }

  #start(): RunnerProcess {
    const runner = new RunnerProcess(this.#command);
    this.#all.add(runner);
    return runner;
  }
}
