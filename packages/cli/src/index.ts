/** The command line program as a library: what tests and other tools may use of it. */
export { Client, type EventView, type ExecutionView, type LoopView } from './client.ts';
export { CliFailure, EXIT } from './failure.ts';
export {
  playbookText,
  runHeavyLoop,
  type HeavyLoop,
  type HeavyLoopOutcome,
  type Target,
} from './heavy-loop.ts';
export { onInterruption } from './interruption.ts';
export { createProgram } from './program.ts';
export { grouped, Terminal } from './terminal.ts';
export { watchExecution, type Watcher } from './watch.ts';
export { LOGIN_PASSWORDS } from './commands/migrate.ts';
