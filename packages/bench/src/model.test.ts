/** The model: linear in the rate, and its two limits are each other's reverse. */
import { expect, test } from '@jest/globals';
import { demandOf, postgresLimit, rateOf, type Costs } from './model.ts';

const COSTS: Costs = {
  cpu: { postgres: 10e-6, workers: 40e-6, nats: 1e-6, control: 1e-6 },
  walBytes: 500,
  storedBytes: 400,
  items: 100_000,
  chunks: 100,
  transactions: 4,
  messages: 6,
};

test('a rate is what it costs', () => {
  const demand = demandOf(COSTS, 100_000);
  expect(demand.postgresCores).toBeCloseTo(1);
  expect(demand.workerCores).toBeCloseTo(4);
  expect(demand.walMbPerSecond).toBeCloseTo(50);
  expect(demand.storedGbPerDay).toBeCloseTo(3_456);
  expect(demand.transactionsPerSecond).toBeCloseTo(400);
  expect(demand.messagesPerSecond).toBeCloseTo(600);
});

test('workers fill their cores, and Postgres its own', () => {
  expect(demandOf(COSTS, rateOf(COSTS, 12)).workerCores).toBeCloseTo(12);
  expect(demandOf(COSTS, postgresLimit(COSTS, 8)).postgresCores).toBeCloseTo(8);
});
