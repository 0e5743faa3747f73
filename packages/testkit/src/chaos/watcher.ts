/**
 * Looks at all loops several times a second, as far as the services answer: how far they are, and whether a count in
 * K/V ever falls or runs ahead of the rows in Postgres.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { loopKey, readLoopState } from '@noetl/bus';
import type { World } from './world.ts';

export interface WatchedLoop {
  execution_id: string;
  loop_id: string;
  step: string;
  size: number;
  completed: number;
  state: string;
}

const keyOf = ({ execution_id, step, loop_id }: WatchedLoop): string => loopKey(execution_id, step, loop_id);

const EVERY_MS = 200;
const GIVE_UP_MS = 60_000;
const LOOK_MS = 50;

const LOOPS = `
  SELECT execution_id::text, loop_id::text, step, size, completed, state FROM noetl.loop ORDER BY execution_id, loop_id`;

export class Watcher {
  /** Counts that fell, or were above the rows. */
  readonly violations: string[] = [];
  loops: WatchedLoop[] = [];
  /** Keys that were thrown away when their loops were done. */
  readonly mayMiss = new Set<string>();
  readonly #world: World;
  readonly #counts = new Map<string, number>();
  /** Raised when the counts were thrown away by us: what was seen before says nothing any more. */
  #life = 0;
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  get completed(): number {
    return this.loops.reduce((sum, loop) => sum + loop.completed, 0);
  }

  start(): void {
    this.#running = this.#watch();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  countsAreGone(): void {
    this.#life += 1;
    this.#counts.clear();
    for (const loop of this.loops.filter(({ state }) => state === 'done')) this.mayMiss.add(keyOf(loop));
  }

  /** Whether K/V says of every loop what Postgres says. */
  async countsMatch(): Promise<boolean> {
    for (const loop of this.loops) {
      const state = await readLoopState(this.#world.bus, keyOf(loop));
      if (state ? state.completed_count !== loop.completed : !this.mayMiss.has(keyOf(loop))) return false;
    }
    return true;
  }

  /** Takes the entry of a running loop away. */
  async deleteCount(pick: number): Promise<void> {
    const open = this.loops.filter((loop) => loop.state !== 'done');
    const loop = open[pick % Math.max(1, open.length)];
    if (!loop) return;
    this.#counts.delete(keyOf(loop));
    this.#life += 1;
    const bucket = await this.#world.bus.jetstream.views.kv('noetl_execution_state');
    await bucket.delete(keyOf(loop));
    this.#life += 1;
  }

  /** Commands that the worker with this process id holds. */
  async heldBy(pid: number): Promise<{ command_id: string; worker_id: string }[]> {
    const { rows } = await this.#world.pool
      .query<{ command_id: string; worker_id: string }>(
        `SELECT command_id::text, worker_id FROM noetl.command WHERE state = 'leased' AND worker_id LIKE $1`,
        [`%-${String(pid)}-%`],
      )
      .catch(() => ({ rows: [] }));
    return rows;
  }

  /** True when somebody else has taken them up, or finished them; false when that took too long. */
  released(held: { command_id: string; worker_id: string }[]): Promise<boolean> {
    const ids = held.map(({ command_id }) => command_id);
    return this.#until(async () => {
      const { rowCount } = await this.#world.pool.query(
        `SELECT 1 FROM noetl.command WHERE command_id = ANY ($1::bigint[]) AND state = 'leased' AND worker_id = $2`,
        [ids, held[0]?.worker_id],
      );
      return rowCount === 0;
    });
  }

  /** True at the next item that is counted, or when there is nothing left to count. */
  progress(): Promise<boolean> {
    const before = this.completed;
    return this.#until(() =>
      Promise.resolve(this.completed > before || this.loops.every((loop) => loop.state === 'done')),
    );
  }

  async #until(look: () => Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + GIVE_UP_MS;
    while (performance.now() < deadline) {
      if (await look().catch(() => false)) return true;
      await pause(LOOK_MS);
    }
    return false;
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      await this.#look().catch(() => undefined);
      await pause(EVERY_MS);
    }
  }

  async #look(): Promise<void> {
    const life = this.#life;
    const seen = new Map<string, number>();
    for (const loop of this.loops.filter(({ state }) => state !== 'done')) {
      const key = keyOf(loop);
      const state = await readLoopState(this.#world.bus, key).catch(() => undefined);
      if (state) seen.set(key, state.completed_count);
    }
    // After the counts: rows are committed before they are counted.
    this.loops = (await this.#world.pool.query<WatchedLoop>(LOOPS)).rows;
    if (life !== this.#life) return;
    for (const loop of this.loops) {
      const key = keyOf(loop);
      const count = seen.get(key);
      if (count === undefined) continue;
      const before = this.#counts.get(key) ?? 0;
      if (count < before) this.violations.push(`${key} fell from ${String(before)} to ${String(count)}`);
      if (count > loop.completed)
        this.violations.push(`${key} says ${String(count)}, Postgres ${String(loop.completed)}`);
      this.#counts.set(key, count);
    }
  }
}
