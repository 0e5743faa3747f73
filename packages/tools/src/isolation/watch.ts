/**
 * Limits that the kernel does not hold by itself: memory and processes of a runner with all that it has started, and
 * the processor time of one item. Looked at twice a second, and only while code runs.
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
      const sight = { progress: watched.progress, cpuSeconds: usage.cpuSeconds };
      const since = before?.progress === sight.progress ? before : sight;
      this.#watched.set(watched, since);
      const reason = excess(usage, usage.cpuSeconds - since.cpuSeconds, this.#limits);
      if (reason !== undefined) watched.kill(reason);
    }
  }
}

/** Which limit it is over, for the author of the code. */
export function excess(usage: Usage, itemCpuSeconds: number, limits: RunnerLimits): string | undefined {
  const { memoryMb, processes, cpuSeconds } = limits;
  if (usage.memoryMb > memoryMb)
    return over('MiB of memory', usage.memoryMb, memoryMb, 'NOETL_RUNNER_MEMORY_MB');
  if (usage.processes > processes) {
    return over('processes and threads', usage.processes, processes, 'NOETL_RUNNER_PROCESSES');
  }
  if (itemCpuSeconds > cpuSeconds) {
    return over('processor seconds for one item', itemCpuSeconds, cpuSeconds, 'NOETL_RUNNER_CPU_SECONDS');
  }
  return undefined;
}

function over(what: string, used: number, allowed: number, setting: string): string {
  return `it used ${String(Math.round(used))} ${what}, and may use ${String(allowed)} (${setting})`;
}
