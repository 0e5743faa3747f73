/** Limits that the kernel holds each process to, as arguments of `prlimit`. */
import type { RunnerLimits } from './isolation.ts';
import { PRLIMIT } from './system-programs.ts';

const MIB = 1024 * 1024;
const OPEN_FILES = 1_024;

export interface RlimitOptions {
  limits: RunnerLimits;
  reservedMb?: number | undefined;
  /** Whether the kernel counts the processes of this one alone; it counts by account. */
  ownAccount: boolean;
}

/**
 * What comes before a program and its arguments; nothing where there is no `prlimit`. Data is limited rather than
 * address space, which V8 and numeric libraries reserve far more of than they use.
 */
export function limited({ limits, reservedMb = 0, ownAccount }: RlimitOptions): string[] {
  if (PRLIMIT === undefined) return [];
  return [
    PRLIMIT,
    `--data=${String((limits.memoryMb + reservedMb) * MIB)}`,
    `--fsize=${String(limits.diskMb * MIB)}`,
    `--nofile=${String(OPEN_FILES)}`,
    '--core=0',
    '--memlock=0',
    '--msgqueue=0',
    ...(ownAccount ? [`--nproc=${String(limits.processes)}`] : []),
    '--',
  ];
}
