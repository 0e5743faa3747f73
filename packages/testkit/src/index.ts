/** Real services and processes for tests. */
export { ADMIN_TOKEN, type AuthMode } from './auth.ts';
export { makeCertificate, type Certificate } from './certificates.ts';
export { FaultProxy, type Direction, type Toxics } from './fault-proxy.ts';
export { startTestNats, type TestNats } from './nats.ts';
export { startPlatform, type TestPlatform, type TestPlatformOptions } from './platform.ts';
export { startOwnPostgres, startTestPostgres, type TestPostgres } from './postgres.ts';
export { waitFor, type WaitOptions } from './wait.ts';
