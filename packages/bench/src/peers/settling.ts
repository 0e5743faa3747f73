/** Waiting for what other processes make durable: asks again after short pauses. */
import { setTimeout as pause } from 'node:timers/promises';

const PAUSE_MS = 2;

/** Resolves when `count` says at least `wanted`. The time limit of the whole run ends a wait that is in vain. */
export async function settled(wanted: number, count: () => Promise<number>): Promise<void> {
  while ((await count()) < wanted) await pause(PAUSE_MS);
}

/** The list cut into pieces of at most `size`. */
export function pieces<T>(list: T[], size: number): T[][] {
  const count = Math.ceil(list.length / size);
  return Array.from({ length: count }, (_, index) => list.slice(index * size, (index + 1) * size));
}
