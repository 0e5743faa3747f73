/** The worker process. */
export { runWorker } from './run-worker.ts';
