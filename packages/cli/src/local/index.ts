/** Real PostgreSQL and NATS on this machine, started and stopped by us. */
export { isAlive } from './child.ts';
export { type LocalNats, type LocalNatsOptions, startLocalNats } from './nats.ts';
export { type LocalPostgres, type LocalPostgresOptions, startLocalPostgres } from './postgres.ts';
export { Platform, type PlatformOptions } from './platform.ts';
export { freePort } from './port.ts';
