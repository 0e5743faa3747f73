/** How a loop is shared out: how many of its chunks may be out at once, and how large the first ones are. */
import type { LoopMode } from './loop-state.ts';

export interface LoopBounds {
  mode: LoopMode;
  max_in_flight?: number | null;
  /** Items that one chunk may run at once. */
  concurrency: number;
  chunk_max?: number | null;
  cursor: boolean;
}

/** Of slow items the chunk's budget hands most of it back. */
const FIRST_CHUNK_MAX = 2_000;

/** Chunks of one loop that may be out: twice what the pool can run, within the author's bound. */
export function windowOf(
  { mode, max_in_flight, concurrency, chunk_max, cursor }: LoopBounds,
  poolSlots: number,
): number {
  if (mode === 'sequential') return 1;
  const byPool = Math.max(4, poolSlots * 2);
  if (max_in_flight == null) return byPool;
  const bound = Math.max(1, Math.floor(max_in_flight / concurrency));
  // Those that may wait for children take no worker: as many as the author wants.
  return chunk_max != null || cursor ? bound : Math.min(bound, byPool);
}

/**
 * A first chunk is a guess, because nothing is known of the items yet: it is handed back early when they are slow.
 * Workers set the size of those that follow.
 */
export function firstChunks(
  loop: LoopBounds & { size: number },
  poolSlots: number,
): { window: number; chunk_size: number } {
  const window = windowOf(loop, poolSlots);
  const wanted = Math.max(loop.concurrency, Math.min(FIRST_CHUNK_MAX, Math.ceil(loop.size / window)));
  return { window, chunk_size: Math.max(1, Math.min(wanted, loop.chunk_max ?? wanted)) };
}
