/** What a process and all its descendants use, as the kernel counts it. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  /** Memory that is really there. */
  memoryMb: number;
  /** Processes and threads. */
  processes: number;
  /** Processor seconds since they started, with those of descendants that have ended and were waited for. */
  cpuSeconds: number;
}

/** Ticks a second of /proc, the same on every Linux. */
const TICKS = 100;
const KIB_PER_MB = 1_024;
/** A tree larger than this is not walked to its end. */
const PROCESSES_MAX = 20_000;

/**
 * Memory that processes share is counted for each of them; above `memoryMb`, where that matters, it is shared out,
 * which takes the kernel longer. Nothing of what has ended meanwhile is counted.
 */
export function usageOf(root: number, memoryMb: number): Usage {
  const usage = walk(root, (pid) => /^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1]);
  if (usage.memoryMb <= memoryMb) return usage;
  return walk(root, (pid) => /^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1]);
}

function walk(root: number, memoryKib: (pid: string) => string | undefined): Usage {
  const usage: Usage = { memoryMb: 0, processes: 0, cpuSeconds: 0 };
  const pending = [root];
  for (let pid = pending.pop(); pid !== undefined; pid = pending.pop()) {
    const stat = read(`/proc/${String(pid)}/stat`);
    // The name of the program, in parentheses, may hold anything.
    const fields = stat
      .slice(stat.lastIndexOf(') ') + 2)
      .split(' ')
      .map(Number);
    if (fields.length < 15 || usage.processes > PROCESSES_MAX) continue;
    const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15);
    usage.cpuSeconds += (utime + stime + cutime + cstime) / TICKS;
    usage.memoryMb += Number(memoryKib(String(pid)) ?? 0) / KIB_PER_MB;
    for (const task of tasksOf(pid)) {
      usage.processes += 1;
      pending.push(
        ...read(`/proc/${String(pid)}/task/${task}/children`)
          .split(' ')
          .filter(Boolean)
          .map(Number),
      );
    }
  }
  return usage;
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${String(pid)}/task`);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
