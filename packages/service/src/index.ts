/** Process plumbing: configuration, logs, redaction, lifecycle, metrics, traces. */
export type { AuthConfig, OidcConfig } from './auth-config.ts';
export { ConfigError } from './config-error.ts';
export { loadConfig, templateEnv, type Config, type LogLevel } from './config.ts';
export { failpoints, FAILPOINTS, type Failpoint, type FailpointName } from './failpoints.ts';
export { every, runServices, type RunOptions, type Service } from './lifecycle.ts';
export { guardedConnector, OutboundRefused, type Lookup } from './outbound/connect.ts';
export { type OutboundPolicy } from './outbound/guard.ts';
export { createLog, type Log } from './log.ts';
export { withoutNamed } from './redaction/by-name.ts';
export { processSecrets } from './redaction/process-secrets.ts';
export { Secrets } from './redaction/secrets.ts';
export { whenUp } from './start.ts';
export { busRecorder, roundRecorder, watchPool, type RoundRecorder } from './metrics/process.ts';
export { Metrics, type NowRecorder } from './metrics/registry.ts';
export { metricsServer, sendMetrics } from './metrics/server.ts';
export { ExecutionTraces, traceparentOf } from './traces/execution-traces.ts';
export { startTraces } from './traces/start.ts';
