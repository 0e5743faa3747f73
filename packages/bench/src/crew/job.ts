/** What a process of a crew can be asked to do. */
import type { Language } from '../item-code.ts';

interface Services {
  databaseUrl: string;
  natsUrl: string;
}

/** The seed's literal design: for every message one item, one INSERT, one compare-and-set. */
export interface NaiveJob extends Services {
  kind: 'naive';
  language: Language;
  items: number;
  padding: number;
  /** Messages that this process works on at once. */
  inFlight: number;
  /** The next message is published when the item before it is finished. */
  sequential: boolean;
  /** All rows belong to this execution. */
  executionId: string;
}

export type Job = NaiveJob;
