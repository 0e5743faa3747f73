/** What the processes of one run say to each other, over node's channel between parent and child. */

/** Given to the driver, and by it to each worker. */
export interface RunOrder {
  peer: string;
  variant: string;
  /** Folder with the peer's packages. */
  folder: string;
  url: string;
  adminUrl: string;
  items: number;
  padding: number;
  workers: number;
}

export interface WorkerOrder extends RunOrder {
  number: number;
}

export type WorkerSays =
  { kind: 'ready' } | { kind: 'listens'; url: string } | { kind: 'done'; count: number };

/** Seconds from the first enqueue. */
export interface Timing {
  enqueued: number;
  collected: number;
}

export type DriverSays = { kind: 'measured'; timing: Timing } | { kind: 'failed'; reason: string };
