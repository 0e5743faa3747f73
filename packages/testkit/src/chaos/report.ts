/** The verdict of a chaos run: one line of JSON, and a table for people. */
import { markdownTable } from 'markdown-table';
import { max, quantile } from 'simple-statistics';
import type { Findings } from './invariants.ts';
import type { Recovery } from './nemesis.ts';
import type { FaultKind } from './schedule.ts';

export interface Course {
  seed: number;
  kills: number;
  items: number;
  seconds: number;
  executions: number;
  /** Workers that an item has killed. */
  poisoned: number;
  findings: Findings;
  done: ReadonlyMap<FaultKind, number>;
  recoveries: readonly Recovery[];
}

export interface Verdict extends Omit<Course, 'findings' | 'done' | 'recoveries'>, Findings {
  longest_recovery_s: number;
  faults: Partial<Record<FaultKind, number>>;
  /** By kind of fault. */
  recovery_s: Partial<Record<FaultKind, { count: number; p50: number; p99: number; max: number }>>;
}

const rounded = (seconds: number): number => Math.round(seconds * 100) / 100;

export function verdictOf({ findings, done, recoveries, ...course }: Course): Verdict {
  const recovery_s: Verdict['recovery_s'] = {};
  for (const kind of new Set(recoveries.map((recovery) => recovery.kind))) {
    const times = recoveries.filter((recovery) => recovery.kind === kind).map((recovery) => recovery.seconds);
    recovery_s[kind] = {
      count: times.length,
      p50: rounded(quantile(times, 0.5)),
      p99: rounded(quantile(times, 0.99)),
      max: rounded(max(times)),
    };
  }
  const longest = Math.max(0, ...recoveries.map((recovery) => recovery.seconds));
  return {
    ...course,
    ...findings,
    seconds: rounded(course.seconds),
    longest_recovery_s: rounded(longest),
    faults: Object.fromEntries(done),
    recovery_s,
  };
}

export function isGood({ lost, doubled, early_joins, stuck, wrong }: Verdict): boolean {
  return lost === 0 && doubled === 0 && early_joins === 0 && stuck === 0 && wrong.length === 0;
}

export function tableOf(verdict: Verdict): string {
  const kinds = Object.keys(verdict.faults) as FaultKind[];
  const rows = kinds.map((kind) => {
    const times = verdict.recovery_s[kind];
    const felt = times ? [times.count, times.p50, times.p99, times.max] : ['', '', '', ''];
    return [kind, verdict.faults[kind], ...felt].map(String);
  });
  return markdownTable([['fault', 'times', 'measured', 'recovery p50 s', 'p99 s', 'longest s'], ...rows], {
    align: ['l', 'r', 'r', 'r', 'r', 'r'],
  });
}
