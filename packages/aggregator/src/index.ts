/** The aggregation worker, and the upkeep of the database. */
export { maintain, type MaintenanceReport } from './maintenance.ts';
export { previewMaintenance } from './maintenance-preview.ts';
export { runAggregator } from './run-aggregator.ts';
