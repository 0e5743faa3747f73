/** The aggregation worker. */
export { runAggregator } from './run-aggregator.ts';
