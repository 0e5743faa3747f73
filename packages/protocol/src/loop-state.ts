/** The value of a loop's entry in NATS K/V: counts and metadata, never a result. Exactly these five keys. */
import type { Id } from './id.ts';

export interface LoopState {
  collection_size: number;
  completed_count: number;
  iterator: string;
  mode: LoopMode;
  /** The event that opened this entry of the loop; also its `loop_id`. */
  event_id: Id;
}

export type LoopMode = 'sequential' | 'parallel';

/** Counts of one loop entry; they always add up to `total`. */
export interface LoopStats {
  total: number;
  success: number;
  failed: number;
  not_started: number;
}
