/**
 * Permits of one worker: calls that fall under named limits wait here until Postgres gives them one. One question at
 * a time asks for all who wait under the same keys; nobody who waits holds a connection. Keys that have no limit cost
 * nothing.
 */
import { notifyRoom, onLimits, onRoom, type Bus, type Subscription } from '@noetl/bus';
import { every, whenUp, type Log, type RoundRecorder, type Service } from '@noetl/service';
import { endFlowUse, flowLimitKeys, pauseFlow, takePermits, type Store } from '@noetl/store';
import type { Permit } from '@noetl/tools';
import { Line, type Turn } from './line.ts';

/** A limit that is set or dropped is known after at most this long, also when no notice comes. */
const REFRESH_MS = 2_000;
/** Who waits asks at least this often: what it waits for is kept for it one second. */
const ASK_MS = 400;
const JITTER = 0.5;

export interface HeldPermit extends Permit {
  release(): void;
}

interface Options {
  store: Store;
  bus: Bus;
  log: Log;
  rounds?: RoundRecorder;
  workerId: string;
  leaseMs: number;
  /** Monotonic milliseconds. */
  clock: () => number;
}

export class Permits {
  readonly service: Service;
  readonly #options: Options;
  /** Keys with a limit; whether it counts calls at once. */
  #limits = new Map<string, boolean>();
  readonly #held = new Map<string, number>();
  /** Who waits, by the keys that are waited for. */
  readonly #lines = new Map<string, Line>();
  /** Keys under which calls have ended that Postgres still counts. */
  readonly #ended = new Set<string>();
  #asking = false;
  #alarm: NodeJS.Timeout | undefined;

  constructor(options: Options) {
    this.#options = options;
    const { store, bus, log, rounds: record, workerId, leaseMs } = options;
    const rounds = every('limits', Math.min(REFRESH_MS, leaseMs / 4), () => this.#round(), {
      log,
      rounds: record,
    });
    let heard: Subscription[] = [];
    this.service = {
      name: 'limits',
      start: async () => {
        heard = [onRoom(bus, (key) => this.#askAgain(key)), onLimits(bus, () => void this.#changed())];
        await whenUp(() => this.#refresh(), log);
        await rounds.start();
      },
      stop: async () => {
        for (const subscription of heard) await subscription.stop();
        await rounds.stop();
        clearTimeout(this.#alarm);
        await endFlowUse(store, workerId);
      },
    };
  }

  /** Those of the keys that have a limit. */
  limited(keys: readonly string[]): string[] {
    if (this.#limits.size === 0) return [];
    return [...new Set(keys)].filter((key) => this.#limits.has(key)).sort();
  }

  /** Resolves with a permit under all keys. Rejects when the turn's signal ends, or with {@link Postponed}. */
  async acquire(keys: string[], turn: Turn): Promise<HeldPermit> {
    await this.#wait(keys, turn);
    let held = true;
    const release = (): void => {
      if (held) this.#end(keys, 1);
      held = false;
    };
    return {
      release,
      pause: (ms) => this.#pause(keys, ms),
      renew: async (wait) => {
        release();
        await wait();
        await this.#wait(keys, { ...turn, mayPostpone: () => false });
        held = true;
      },
    };
  }

  #wait(keys: string[], turn: Turn): Promise<void> {
    const name = JSON.stringify(keys);
    let line = this.#lines.get(name);
    if (!line) this.#lines.set(name, (line = new Line(keys)));
    const granted = line.join(turn);
    this.#schedule();
    return granted;
  }

  #end(keys: string[], calls: number): void {
    for (const key of keys) {
      this.#held.set(key, (this.#held.get(key) ?? 0) - calls);
      if (this.#limits.get(key) === true) this.#ended.add(key);
    }
    if (this.#ended.size > 0) this.#schedule();
  }

  #pause(keys: string[], ms: number): void {
    const { store, log } = this.#options;
    const hosts = keys.filter((key) => key.startsWith('host:'));
    if (hosts.length === 0) return;
    pauseFlow(store, hosts, ms).catch((error: unknown) => log.warn('a pause got lost', { error }));
  }

  /** Asks soon: what happens until then goes with the same question. */
  #schedule(ms = 0): void {
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(() => void this.#serve(), ms);
  }

  async #serve(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      for (;;) {
        const now = this.#options.clock();
        const waiting = [...this.#lines.values()].filter((line) => line.length > 0);
        const [next] = waiting.sort((one, other) => one.askAt - other.askAt);
        if (next && next.askAt <= now) await this.#ask(next);
        else if (this.#ended.size > 0) await this.#take([...this.#ended], 0);
        else {
          if (next) this.#schedule(next.askAt - now);
          return;
        }
      }
    } catch (error) {
      this.#options.log.warn('no permits can be had for now', { error });
      this.#schedule(ASK_MS);
    } finally {
      this.#asking = false;
    }
  }

  async #ask(line: Line): Promise<void> {
    const wanted = line.length;
    const { granted, wait_ms } = await this.#take(line.keys, wanted);
    const used = line.serve(granted, wait_ms);
    // Some have gone away meanwhile.
    if (used < granted) this.#end(line.keys, granted - used);
    if (line.length === 0) this.#lines.delete(JSON.stringify(line.keys));
    const pauseMs = Math.min(ASK_MS, wait_ms > 0 ? wait_ms : ASK_MS / 2);
    line.askAt = granted === wanted ? 0 : this.#options.clock() + pauseMs * (1 + Math.random() * JITTER);
  }

  async #take(keys: string[], wanted: number): Promise<{ granted: number; wait_ms: number }> {
    const { store, bus, workerId, leaseMs, clock } = this.#options;
    for (const key of keys) this.#ended.delete(key);
    const held = keys.map((key) => this.#held.get(key) ?? 0);
    const askedAt = clock();
    const request = { keys, held, wanted, worker_id: workerId, lease_ms: leaseMs };
    const { granted, wait_ms, wake } = await takePermits(store, request).catch((error: unknown) => {
      for (const key of keys) this.#ended.add(key);
      throw error;
    });
    for (const key of wake) notifyRoom(bus, key);
    for (const key of keys) this.#held.set(key, (this.#held.get(key) ?? 0) + granted);
    if (clock() - askedAt < leaseMs / 2) return { granted, wait_ms };
    // This worker has been asleep: others may have these permits by now.
    this.#end(keys, granted);
    return { granted: 0, wait_ms: 0 };
  }

  /** Renews what is held, and learns of limits. */
  async #round(): Promise<void> {
    await this.#refresh();
    for (const [key, count] of this.#held) {
      if (count === 0) this.#held.delete(key);
      else if (this.#limits.get(key) === true) this.#ended.add(key);
    }
    if (this.#ended.size > 0) this.#schedule();
  }

  async #refresh(): Promise<void> {
    const limits = await flowLimitKeys(this.#options.store);
    this.#limits = new Map(limits.map(({ key, max_concurrent }) => [key, max_concurrent !== null]));
  }

  async #changed(): Promise<void> {
    await this.#refresh().catch((error: unknown) => {
      this.#options.log.warn('limits cannot be read', { error });
    });
    this.#askAgain();
  }

  /** Of all who wait, or of those under one key. */
  #askAgain(key?: string): void {
    for (const line of this.#lines.values()) if (key === undefined || line.keys.includes(key)) line.askAt = 0;
    this.#schedule();
  }
}
