/** Real PostgreSQL, NATS and NoETL processes on this machine, started and stopped by us. */
export { serverAccount } from './account.ts';
export { Child, isAlive } from './child.ts';
export { sweepOwned } from './owner.ts';
export { processLogins } from './logins.ts';
export { natsProgram } from './nats-program.ts';
export { type LocalNats, type LocalNatsOptions, startLocalNats } from './nats.ts';
export { onDatabase } from './on-database.ts';
export { ROOT, STATE, TOOLS } from './place.ts';
export { MAIN, Platform, type PlatformOptions } from './platform.ts';
export { freePort } from './port.ts';
export {
  type LocalPostgres,
  type LocalPostgresOptions,
  postgresVersion,
  startLocalPostgres,
} from './postgres.ts';
export { type LocalServices, startLocalServices } from './services.ts';
