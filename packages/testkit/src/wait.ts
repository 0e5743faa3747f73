/** Waiting for something observable, with a limit and a name; never a sleep that hopes. */
import { setTimeout as pause } from 'node:timers/promises';

export interface WaitOptions {
  /** Give up after this long; 30 s when absent. */
  timeoutMs?: number;
  /** What is awaited, for the message on giving up. */
  what: string;
  /** Time between two looks; 20 ms when absent. */
  everyMs?: number;
}

/**
 * Calls `look` until it gives something truthy, and returns that. A look that throws counts as "not yet"; its last
 * error is part of the message when time is up.
 */
export async function waitFor<T>(
  look: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<Awaited<T>, undefined | null | false>> {
  const { timeoutMs = 30_000, everyMs = 20, what } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last = '';
    try {
      const seen = await look();
      if (seen) return seen as Exclude<Awaited<T>, undefined | null | false>;
    } catch (error) {
      last = `; last error: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() > deadline) throw new Error(`waited ${String(timeoutMs)} ms for ${what}${last}`);
    await pause(everyMs);
  }
}
