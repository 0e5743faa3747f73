/** Several runs of one way to use a peer: those that ended count, and of the others it is told why they did not. */
import type { Timing } from './messages.ts';
import { TooSlow } from './trial.ts';

export interface RunPlan {
  /** Runs, the failed ones among them. */
  times: number;
  /** After so long there is no other, if one has ended. */
  enoughS: number;
  /** A run that takes longer is broken off. */
  limitMs: number;
}

export interface Runs {
  timings: Timing[];
  failures: Error[];
}

/** A run that takes so many times what another took is stuck, not slow. */
const STUCK_TIMES = 10;
const STUCK_MIN_MS = 60_000;

/** One that is broken off before any has ended is the last: nobody knows whether the next would be any faster. */
export async function runsOf(
  { times, enoughS, limitMs }: RunPlan,
  run: (round: number, limitMs: number) => Promise<Timing>,
): Promise<Runs> {
  const runs: Runs = { timings: [], failures: [] };
  const startedAt = performance.now();
  let limit = limitMs;
  for (let round = 1; round <= times; round++) {
    try {
      const timing = await run(round, limit);
      runs.timings.push(timing);
      const stuckMs = STUCK_TIMES * 1_000 * timing.collected;
      limit = Math.min(limit, Math.max(STUCK_MIN_MS, stuckMs));
    } catch (error) {
      runs.failures.push(error instanceof Error ? error : new Error(String(error)));
      if (error instanceof TooSlow && runs.timings.length === 0) break;
    }
    const isEnough = performance.now() - startedAt >= enoughS * 1_000;
    if (isEnough && runs.timings.length > 0) break;
  }
  return runs;
}

/** For the table, when some did not end: `1 of 3 runs: not done within 60 s`. */
export function failedOf({ timings, failures }: Runs): { failed?: string } {
  const [first] = failures;
  if (!first) return {};
  return {
    failed: `${String(failures.length)} of ${String(timings.length + failures.length)} runs: ${first.message}`,
  };
}
