/** Process plumbing: configuration, logs, lifecycle. */
export { ConfigError, loadConfig, templateEnv, type Config, type LogLevel } from './config.ts';
export { every, runServices, type RunOptions, type Service } from './lifecycle.ts';
export { createLog, type Log } from './log.ts';
