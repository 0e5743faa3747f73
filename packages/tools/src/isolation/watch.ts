/**
 * Limits that the kernel does not hold by itself: memory and processes of a runner with all that it has started, and
 * the time and processor time of one item. Looked at twice a second, and only while code runs.
 */
import type { RunnerLimits } from './isolation.ts';
import { usageOf, type Usage } from './usage.ts';

export interface Watched {
  readonly pid: number | undefined;
  /** Counts up with every outcome. */
  readonly progress: number;
  /** Ends it for a reason. */
  kill(reason: string): void;
}

const EVERY_MS = 500;

interface Sight {
  progress: number;
  cpuSeconds: number;
  atMs: number;
}

export class Watch {
  readonly #limits: RunnerLimits;
  readonly #watched = new Map<Watched, Sight | undefined>();
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: RunnerLimits) {
    this.#limits = limits;
  }

  add(watched: Watched): void {
    this.#watched.set(watched, undefined);
    this.#timer ??= setInterval(() => this.#look(), EVERY_MS).unref();
  }

  remove(watched: Watched): void {
    this.#watched.delete(watched);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    for (const [watched, before] of this.#watched) {
      if (watched.pid === undefined) continue;
      const usage = usageOf(watched.pid, this.#limits.memoryMb);
      const sight = { progress: watched.progress, cpuSeconds: usage.cpuSeconds, atMs: performance.now() };
      const since = before?.progress === sight.progress ? before : sight;
      this.#watched.set(watched, since);
      const spent = {
        cpuSeconds: sight.cpuSeconds - since.cpuSeconds,
        itemSeconds: (sight.atMs - since.atMs) / 1_000,
      };
      const reason = excess(usage, spent, this.#limits);
      if (reason !== undefined) watched.kill(reason);
    }
  }
}

/** Which limit it is over, for the author of the code. */
export function excess(
  usage: Pick<Usage, 'memoryMb' | 'processes'>,
  spent: Pick<RunnerLimits, 'cpuSeconds' | 'itemSeconds'>,
  limits: RunnerLimits,
): string | undefined {
  const uses: [what: string, used: number, allowed: number, setting: string][] = [
    ['MiB of memory', usage.memoryMb, limits.memoryMb, 'NOETL_RUNNER_MEMORY_MB'],
    ['processes and threads', usage.processes, limits.processes, 'NOETL_RUNNER_PROCESSES'],
    ['processor seconds for one item', spent.cpuSeconds, limits.cpuSeconds, 'NOETL_RUNNER_CPU_SECONDS'],
    ['seconds for one item', spent.itemSeconds, limits.itemSeconds, 'NOETL_RUNNER_ITEM_SECONDS'],
  ];
  const over = uses.find(([, used, allowed]) => used > allowed);
  if (!over) return undefined;
  const [what, used, allowed, setting] = over;
  return `it used ${String(Math.round(used))} ${what}, and may use ${String(allowed)} (${setting})`;
}
