/** Reports with charts, for `noetl bench` and for whoever measures the product; loaded only when one is asked for. */
export type { Chart } from './chart.ts';
export { type Report, reportPage, type ReportSection } from './page.ts';
