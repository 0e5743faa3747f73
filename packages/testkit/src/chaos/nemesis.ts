/** Carries a schedule out, and measures how long each fault was felt. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, FaultKind } from './schedule.ts';
import type { Watcher } from './watcher.ts';
import type { World } from './world.ts';

export interface Recovery {
  kind: FaultKind;
  seconds: number;
}

export class Nemesis {
  readonly recoveries: Recovery[] = [];
  readonly done = new Map<FaultKind, number>();
  readonly #world: World;
  readonly #watcher: Watcher;
  readonly #measuring: Promise<void>[] = [];

  constructor(world: World, watcher: Watcher) {
    this.#world = world;
    this.#watcher = watcher;
  }

  async carryOut(schedule: readonly Fault[], told: (fault: Fault) => void): Promise<void> {
    for (const fault of schedule) {
      await pause(fault.after_ms);
      told(fault);
      await this.#inflict(fault);
      this.done.set(fault.kind, (this.done.get(fault.kind) ?? 0) + 1);
    }
  }

  /** Resolves when every recovery that was being measured has come, or has taken too long. */
  async settle(): Promise<void> {
    await Promise.all(this.#measuring);
  }

  async #inflict({ kind, pick, down_ms }: Fault): Promise<void> {
    const world = this.#world;
    if (kind === 'kill_worker' || kind === 'pause_worker') {
      const worker = await chosen(() => world.workers, pick);
      if (kind === 'pause_worker') {
        await world.freeze(worker, down_ms);
        return;
      }
      const held = await this.#watcher.heldBy(world.platform.processes.pid(worker));
      await world.bounce(worker, down_ms);
      if (held.length > 0) this.#measure(kind, Promise.resolve(), () => this.#watcher.released(held));
    } else if (kind === 'kill_api' || kind === 'kill_aggregator') {
      await world.bounce(kind === 'kill_api' ? 'api' : 'aggregator', down_ms);
    } else if (kind === 'kill_nats' || kind === 'wipe_nats') {
      if (kind === 'wipe_nats') this.#watcher.countsAreGone();
      const { back } = await world.bounceNats(down_ms, kind === 'wipe_nats');
      this.#measure(kind, back, () => this.#watcher.progress());
    } else if (kind === 'crash_postgres') {
      const { back } = await world.bouncePostgres(down_ms);
      this.#measure(kind, back, () => this.#watcher.progress());
    } else if (kind === 'repeat_commands') {
      await attempt(() => world.repeatCommands());
    } else if (kind === 'silence_link') {
      world.silenceLink(pick, down_ms);
    } else if (kind === 'reset_link') {
      world.resetLink(pick);
    } else {
      await attempt(() => this.#watcher.deleteCount(pick));
    }
  }

  #measure(kind: FaultKind, back: Promise<void>, recovered: () => Promise<boolean>): void {
    this.#measuring.push(
      back.then(async () => {
        const from = performance.now();
        if (await recovered()) this.recoveries.push({ kind, seconds: (performance.now() - from) / 1000 });
      }),
    );
  }
}

const LOOK_MS = 50;

/** One of those who are there, once there is one. */
async function chosen(names: () => string[], pick: number): Promise<string> {
  for (;;) {
    const there = names();
    const name = there[pick % Math.max(1, there.length)];
    if (name !== undefined) return name;
    await pause(LOOK_MS);
  }
}

/** These need services that may be down just now; then there is nothing to do. */
async function attempt(work: () => Promise<unknown>): Promise<void> {
  await work().catch(() => undefined);
}
