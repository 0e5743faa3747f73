/** The api process and the orchestrator in it. */
export { runApi } from './run-api.ts';
