/**
 * How much of a chunk runs before it is finished and its rest handed back, and how large the next chunks should
 * be: small when items are slow (spread over workers, low latency), large when they are fast. Pure.
 */

/** A chunk that ran this long finishes with what is done. */
const CHUNK_TIME_MAX_MS = 2_000;
/** Results held in memory before the chunk is finished. */
const CHUNK_BYTES_MAX = 8 * 1024 * 1024;
/** Work that one chunk should hold, so that a kill costs little and commits stay rare. */
const CHUNK_TIME_GOAL_MS = 500;
const CHUNK_ITEMS_MAX = 2_000;
/** A chunk grows at most this much over the last one: one fast item says little. */
const GROWTH_MAX = 8;

export interface ChunkFigures {
  items: number;
  elapsed_ms: number;
  bytes: number;
}

/** Items the next chunks of the loop should hold, from what this one took. */
export function nextChunkSize({ items, elapsed_ms, bytes }: ChunkFigures): number {
  if (items === 0) return 1;
  const byTime = CHUNK_TIME_GOAL_MS / Math.max(elapsed_ms / items, 0.001);
  const byBytes = CHUNK_BYTES_MAX / 2 / Math.max(bytes / items, 1);
  return Math.max(1, Math.floor(Math.min(byTime, byBytes, items * GROWTH_MAX, CHUNK_ITEMS_MAX)));
}

/** What a chunk has done of its `total` items so far. */
export interface ChunkProgress extends ChunkFigures {
  total: number;
}

/** Whether the chunk may start another item. One that turns out far too large gives back what others could do. */
export function hasBudget({ items, total, elapsed_ms, bytes }: ChunkProgress): boolean {
  if (elapsed_ms >= CHUNK_TIME_MAX_MS || bytes >= CHUNK_BYTES_MAX) return false;
  return elapsed_ms < CHUNK_TIME_GOAL_MS || items * 2 >= total;
}
