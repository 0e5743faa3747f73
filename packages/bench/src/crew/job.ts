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

/** Stores rows that were made before, on one connection. */
export interface StoreJob {
  kind: 'store';
  databaseUrl: string;
  how: 'copy' | 'recordset';
  from: number;
  to: number;
  padding: number;
}

/** Runs items on one resident runner, and stores their rows by COPY when there is a database. */
export interface RunnerJob {
  kind: 'runner';
  databaseUrl?: string;
  language: Language;
  from: number;
  to: number;
  padding: number;
}

/** The bare chunked design: chunk messages, the handler in this process, one fenced transaction a chunk. */
export interface PrototypeJob extends Services {
  kind: 'prototype';
  padding: number;
  inFlight: number;
}

export type Job = NaiveJob | StoreJob | RunnerJob | PrototypeJob;

/** Rows of one COPY, items of one message. */
export const CHUNK = 1_000;

/** The ranges of at most a chunk that make up `[from, to)`. */
export function* chunks(from: number, to: number): Generator<{ from: number; to: number }> {
  for (let start = from; start < to; start += CHUNK) yield { from: start, to: Math.min(start + CHUNK, to) };
}
