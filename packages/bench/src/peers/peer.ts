/** What a peer is: another product doing the heavy loop's work, installed on demand and run in processes of its own. */
import type { HeavyBody, HeavyItem } from './item.ts';

export interface Peer {
  name: string;
  /** Exact versions, installed into a folder of the peer's own. */
  packages: Record<string, string>;
  service: ServiceKind;
  variants: Record<string, Variant>;
}

export type ServiceKind = 'redis' | 'postgres' | 'restate';

/** One way of using the peer. All variants do the same work on the same items. */
export interface Variant {
  /** For the table: how it is used, and what is missing where it is not like for like. */
  label: string;
  /** In the driver, before anything is measured: connects, makes queues. */
  drive(place: DriverPlace): Promise<Drive>;
  /** In each worker process; resolves when it is ready for work. What it started ends with the process. */
  work(place: WorkerPlace): Promise<void>;
}

export interface Drive {
  /** After all workers are ready, before the clock starts. */
  beforeStart?(): Promise<void>;
  /** From the start of the clock until the peer has taken responsibility for all items. */
  enqueue(): Promise<void>;
  /** Waits until every result is durably stored, and reads all of them back. */
  collect(): Promise<Tally>;
}

/** What was read back; compared with what must be there. */
export interface Tally {
  count: number;
  checksum: number;
}

export interface Place {
  /** A module of the peer's own folder. */
  load: (name: string) => unknown;
  /** Where the peer's service listens; it is fresh in each run. */
  url: string;
  /** The second address of services that have one (Restate's admin API). */
  adminUrl: string;
  padding: number;
  workers: number;
}

export interface DriverPlace extends Place {
  items: HeavyItem[];
  /** Addresses that workers listen on, in order of their number; only after they are ready. */
  workerUrls(): string[];
  /** Resolves when the workers have said `done` for every item; what is durable then must still be checked. */
  allDone: Promise<void>;
}

export interface WorkerPlace extends Place {
  /** 0, 1, … */
  number: number;
  /** The item's body: the same work everywhere. */
  body: HeavyBody;
  /** Tells the driver of handled items, in batches, so that it need not poll while they run. */
  done(count: number): void;
  /** Tells the driver where this worker listens. */
  listensOn(url: string): void;
}
