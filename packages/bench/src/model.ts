/**
 * What a large installation needs of each part, from what an item and a chunk have cost here. Linear on purpose: it says
 * which part is full first and when, not how fast it gets there. Pure.
 */

/** Measured at one size of the loop. */
export interface Costs {
  /** CPU seconds of an item: in Postgres, in workers and their runners, in nats-server, in api and aggregator. */
  cpu: { postgres: number; workers: number; nats: number; control: number };
  /** Bytes of write-ahead log, and of rows with their indexes, of an item. */
  walBytes: number;
  storedBytes: number;
  items: number;
  chunks: number;
  /** Transactions and messages of a chunk. */
  transactions: number;
  messages: number;
}

export interface Demand {
  itemsPerSecond: number;
  /** Cores that are busy. */
  postgresCores: number;
  workerCores: number;
  natsCores: number;
  controlCores: number;
  walMbPerSecond: number;
  storedGbPerDay: number;
  transactionsPerSecond: number;
  messagesPerSecond: number;
}

const DAY_S = 86_400;
const MB = 1e6;
const GB = 1e9;

/** At a steady rate of items as cheap as those that were measured. */
export function demandOf(costs: Costs, itemsPerSecond: number): Demand {
  const chunksPerSecond = (itemsPerSecond * costs.chunks) / costs.items;
  return {
    itemsPerSecond,
    postgresCores: itemsPerSecond * costs.cpu.postgres,
    workerCores: itemsPerSecond * costs.cpu.workers,
    natsCores: itemsPerSecond * costs.cpu.nats,
    controlCores: itemsPerSecond * costs.cpu.control,
    walMbPerSecond: (itemsPerSecond * costs.walBytes) / MB,
    storedGbPerDay: (itemsPerSecond * DAY_S * costs.storedBytes) / GB,
    transactionsPerSecond: chunksPerSecond * costs.transactions,
    messagesPerSecond: chunksPerSecond * costs.messages,
  };
}

/** What so many workers of one core each can run, when all they do is items. */
export function rateOf(costs: Costs, workers: number): number {
  return workers / costs.cpu.workers;
}

/** Items a second at which a Postgres with so many cores has none left. */
export function postgresLimit(costs: Costs, cores: number): number {
  return cores / costs.cpu.postgres;
}
