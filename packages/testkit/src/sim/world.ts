/**
 * Virtual time: a queue of what happens when, and processes whose work is generators. A generator yields wherever the
 * real code waits for an answer, so a process can be killed, frozen or overtaken between any two steps.
 */
import TinyQueue from 'tinyqueue';
import { Random } from '../random.ts';

/** What a generator waits for: time, or whatever calls `resume`. */
export type Effect = { wait: number } | { until: (resume: (error?: Error) => void) => void };
export type Work<T = void> = Generator<Effect, T, undefined>;

/** Ends the run: an invariant does not hold. */
export class Violation extends Error {}

/** A service did not answer; the real code meets it as a broken connection or a time-out. */
export class Unavailable extends Error {}

interface Due {
  at: number;
  order: number;
  run: () => void;
}

/** Unix time at which every run starts. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

export class World {
  readonly random: Random;
  readonly log: string[] = [];
  now = 0;
  /** The most that a round trip usually takes, one way. */
  latencyMaxMs = 4;
  #order = 0;
  readonly #queue = new TinyQueue<Due>([], (a, b) => a.at - b.at || a.order - b.order);

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** True time of the database server, in Unix milliseconds. */
  get timeMs(): number {
    return EPOCH_MS + this.now;
  }

  at(delayMs: number, run: () => void): void {
    this.#order += 1;
    this.#queue.push({ at: this.now + Math.max(0, delayMs), order: this.#order, run });
  }

  note(who: string, what: string): void {
    this.log.push(`${this.now.toFixed(1).padStart(9)} ${who.padEnd(6)} ${what}`);
  }

  /** False when nothing is left to happen. */
  step(): boolean {
    const due = this.#queue.pop();
    if (!due) return false;
    this.now = Math.max(this.now, due.at);
    due.run();
    return true;
  }
}

const LATENCY_MAX_MS = 2_000;

/** How long a round trip to a service takes, one way. */
export function latency(world: World): Effect {
  const most = world.random.chance(0.02) ? 100 * world.latencyMaxMs : world.latencyMaxMs;
  return { wait: world.random.int(1, Math.min(most, LATENCY_MAX_MS) * 10) / 10 };
}

interface Task {
  dead: boolean;
}

/** A process: what it does dies with it. */
export class Process {
  readonly world: World;
  readonly name: string;
  /** How wrong its wall clock is. */
  skewMs = 0;
  alive = false;
  /** Counts its lives. */
  life = 0;
  #frozenUntil = 0;
  readonly #tasks = new Set<Task>();
  /** What others have to undo when it dies: open transactions, subscriptions. */
  readonly onDeath = new Set<() => void>();
  readonly #boot: (process: Process) => void;

  constructor(world: World, name: string, boot: (process: Process) => void) {
    this.world = world;
    this.name = name;
    this.#boot = boot;
  }

  /** Workers take a new one with each life. */
  get id(): string {
    return `${this.name}.${String(this.life)}`;
  }

  /** Its wall clock, in Unix milliseconds. */
  get nowMs(): number {
    return this.world.timeMs + this.skewMs;
  }

  start(): void {
    if (this.alive) return;
    this.alive = true;
    this.life += 1;
    this.#boot(this);
  }

  crash(): void {
    if (!this.alive) return;
    this.alive = false;
    this.#frozenUntil = 0;
    for (const task of this.#tasks) task.dead = true;
    this.#tasks.clear();
    const undo = [...this.onDeath];
    this.onDeath.clear();
    for (const each of undo) each();
  }

  /** SIGSTOP, and SIGCONT later. */
  freeze(forMs: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.world.now + forMs);
  }

  thaw(): void {
    this.#frozenUntil = 0;
  }

  note(what: string): void {
    this.world.note(this.name, what);
  }

  /** Runs until it ends or the process dies; an error that nobody catches ends it. */
  spawn(work: Work): void {
    const task: Task = { dead: false };
    this.#tasks.add(task);
    const advance = (error?: Error): void => {
      if (task.dead) return;
      const left = this.#frozenUntil - this.world.now;
      if (left > 0) {
        this.world.at(left, () => advance(error));
        return;
      }
      try {
        const { done, value } = error ? work.throw(error) : work.next();
        if (done === true) this.#tasks.delete(task);
        else if ('wait' in value) this.world.at(value.wait, advance);
        else value.until((failure) => this.world.at(0, () => advance(failure)));
      } catch (failure) {
        if (!isPassing(failure)) throw failure;
        this.note(`gave up: ${failure.message}`);
        this.#tasks.delete(task);
      }
    };
    this.world.at(0, advance);
  }

  /** Repeats `round` as the real `every` does; a round that fails is followed by the next. */
  every(intervalMs: number, round: () => Work): void {
    const { random } = this.world;
    function* rounds(): Work {
      for (;;) {
        yield { wait: intervalMs * (random.int(90, 110) / 100) };
        try {
          yield* round();
        } catch (error) {
          if (!isPassing(error)) throw error;
        }
      }
    }
    this.spawn(rounds());
  }
}

/** Whether the real code would only log it and try again. */
export function isPassing(error: unknown): error is Error {
  return error instanceof Unavailable;
}
