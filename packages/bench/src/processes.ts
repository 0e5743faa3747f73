/** Resident memory of processes as /proc tells it, and where none of ours is named, of their children. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Series } from './scenario.ts';

const SAMPLE_MS = 250;
const KB_PER_MB = 1024;
const TICKS_PER_SECOND = 100;

export class MemorySampler {
  private readonly roots: Record<string, number>;
  private readonly byName = new Map<string, Series>();
  private readonly startedAt = performance.now();
  private stopped = false;
  private readonly sampling: Promise<void>;

  /** `roots`: process ids by name; their children are counted apart, as `<name>: children`. */
  constructor(roots: Record<string, number>) {
    this.roots = roots;
    this.sampling = this.sample();
  }

  /** Megabytes over seconds, by process. */
  get series(): Series[] {
    return [...this.byName.values()];
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.sampling;
  }

  private async sample(): Promise<void> {
    while (!this.stopped) {
      const seconds = (performance.now() - this.startedAt) / 1000;
      const children = childrenByParent();
      for (const [name, pid] of Object.entries(this.roots)) {
        this.note(name, seconds, residentMb(pid));
        const below = descendants(pid, children);
        if (below.length > 0) this.note(`${name}: children`, seconds, sum(below.map(residentMb)));
      }
      await pause(SAMPLE_MS);
    }
  }

  private note(name: string, seconds: number, mb: number): void {
    const series = this.byName.get(name) ?? { name, points: [] };
    series.points.push([seconds, mb]);
    this.byName.set(name, series);
  }
}

/** The most of a series. */
export function peak({ points }: Series): number {
  return points.reduce((most, [, mb]) => Math.max(most, mb), 0);
}

/** What a process and all below it have used so far, with children that have ended; ticks are hundredths of a second. */
export function cpuSeconds(pid: number): number {
  const children = childrenByParent();
  const ticks = (of: number): number => {
    const fields = read(`/proc/${String(of)}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ');
    return sum(fields.slice(11, 15).map(Number));
  };
  return sum([pid, ...descendants(pid, children)].map(ticks)) / TICKS_PER_SECOND;
}

/** 0 for a process that is gone. */
function residentMb(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${String(pid)}/status`))?.[1] ?? 0) / KB_PER_MB;
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    // The name of the program, in brackets, may hold anything.
    const parent = Number(
      read(`/proc/${entry}/stat`)
        .replace(/^.*\) /s, '')
        .split(' ')[1],
    );
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  return children;
}

function descendants(pid: number, children: Map<number, number[]>): number[] {
  return (children.get(pid) ?? []).flatMap((child) => [child, ...descendants(child, children)]);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
