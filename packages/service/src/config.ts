/** Configuration: the environment, read once into one frozen object. Units are in the names. */
import env from 'env-var';

export interface Config {
  databaseUrl: string;
  /** Connections of this process's pool. */
  databaseConnections: number;
  nats: { url: string; user?: string; password?: string; token?: string };
  host: string;
  port: number;
  /** Subjects and consumers this worker pulls from. */
  workerPool: string;
  /** Chunks a worker runs at once. */
  workerSlots: number;
  /** Plain steps a worker runs at once; separate, so that a huge loop never starves them. */
  stepSlots: number;
  /** Most runner processes per language in one worker. */
  runners: number;
  pythonPath: string;
  /** A message not acknowledged for this long is delivered again. */
  chunkAckWaitMs: number;
  stepAckWaitMs: number;
  /** A command whose lease is not extended for this long may be taken over. */
  leaseMs: number;
  heartbeatMs: number;
  /** How often sweepers look for what notices missed. */
  sweepMs: number;
  /** How long a process may take to stop. */
  shutdownGraceMs: number;
  /** Master keys of credentials, 32 bytes each in base64; the first one encrypts. */
  encryptionKeys: string[];
  /** Base URLs that the http tool reaches at another address: staging, mirrors, mocks. */
  httpHosts: Record<string, string>;
  /** Folder that scripts of type `file` are read from; none when absent. */
  scriptsDir?: string;
  /** Read-only SQL over HTTP, for people and test scripts. */
  sqlEndpoint: boolean;
  /** Names of this process's environment that templates may read as `env.NAME`. */
  templateEnv: string[];
  logLevel: LogLevel;
  logFormat: 'json' | 'pretty';
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** A variable of the environment that is missing or wrong. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
  readonly hint = 'Correct the environment variable named.';

  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

/** Throws {@link ConfigError} naming the variable. */
export function loadConfig(source: NodeJS.ProcessEnv, isTerminal = process.stdout.isTTY): Config {
  try {
    return Object.freeze(checked(read(source, isTerminal)));
  } catch (error) {
    if (error instanceof env.EnvVarError) throw new ConfigError(error.message.replace(/^env-var: /, ''));
    throw error;
  }
}

function read(source: NodeJS.ProcessEnv, isTerminal: boolean): Config {
  const variables = env.from(source);
  const get = (name: string) => variables.get(name);
  const number = (name: string, fallback: number): number => get(name).default(fallback).asIntPositive();
  const optional = (key: string, name: string): Record<string, string> => {
    const value = get(name).asString();
    return value === undefined ? {} : { [key]: value };
  };
  const workerSlots = number('NOETL_WORKER_SLOTS', 2);
  const stepSlots = number('NOETL_STEP_SLOTS', 2);
  return {
    databaseUrl: get('DATABASE_URL').required().asString(),
    databaseConnections: number('NOETL_DATABASE_CONNECTIONS', 10),
    nats: {
      url: get('NATS_URL').required().asString(),
      ...optional('user', 'NATS_USER'),
      ...optional('password', 'NATS_PASSWORD'),
      ...optional('token', 'NATS_TOKEN'),
    },
    host: get('NOETL_HOST').default('127.0.0.1').asString(),
    port: get('NOETL_PORT').default(8082).asPortNumber(),
    workerPool: get('NOETL_WORKER_POOL').default('default').asString(),
    workerSlots,
    stepSlots,
    runners: number('NOETL_RUNNERS', workerSlots + stepSlots),
    pythonPath: get('NOETL_PYTHON').default('python3').asString(),
    chunkAckWaitMs: number('NOETL_CHUNK_ACK_WAIT_MS', 10_000),
    stepAckWaitMs: number('NOETL_STEP_ACK_WAIT_MS', 30_000),
    leaseMs: number('NOETL_LEASE_MS', 10_000),
    heartbeatMs: number('NOETL_HEARTBEAT_MS', 3_000),
    sweepMs: number('NOETL_SWEEP_MS', 1_000),
    shutdownGraceMs: number('NOETL_SHUTDOWN_GRACE_MS', 25_000),
    encryptionKeys: get('NOETL_ENCRYPTION_KEY').default('').asArray(),
    httpHosts: hostsOf(get('NOETL_HTTP_HOSTS').default('').asArray()),
    ...optional('scriptsDir', 'NOETL_SCRIPTS_DIR'),
    sqlEndpoint: get('NOETL_SQL_ENDPOINT').default('off').asEnum(['on', 'off']) === 'on',
    templateEnv: get('NOETL_TEMPLATE_ENV').default('').asArray(),
    logLevel: get('NOETL_LOG_LEVEL').default('info').asEnum(['error', 'warn', 'info', 'debug']),
    logFormat: get('NOETL_LOG_FORMAT')
      .default(isTerminal ? 'pretty' : 'json')
      .asEnum(['json', 'pretty']),
  };
}

/** `https://api.example.com=http://127.0.0.1:8080`, separated by commas. */
function hostsOf(entries: string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [from = '', to = ''] = entry.split('=').map((part) => part.trim());
      if (!URL.canParse(from) || !URL.canParse(to))
        throw new ConfigError(`"NOETL_HTTP_HOSTS" must hold pairs of base URLs, not "${entry}"`);
      return [new URL(from).origin, new URL(to).origin];
    }),
  );
}

/** The variables of this process that templates may read. */
export function templateEnv({ templateEnv: names }: Config, source = process.env): Record<string, string> {
  const read: Record<string, string> = {};
  for (const name of names) {
    const value = source[name];
    if (value !== undefined) read[name] = value;
  }
  return read;
}

/** Relations between values that would break the lease protocol when they do not hold. */
function checked(config: Config): Config {
  const beats = config.heartbeatMs * 2;
  const longer = {
    NOETL_CHUNK_ACK_WAIT_MS: config.chunkAckWaitMs,
    NOETL_STEP_ACK_WAIT_MS: config.stepAckWaitMs,
    NOETL_LEASE_MS: config.leaseMs,
  };
  for (const [name, value] of Object.entries(longer)) {
    if (value <= beats) {
      throw new ConfigError(
        `"${name}" must be more than twice NOETL_HEARTBEAT_MS (${String(config.heartbeatMs)})`,
      );
    }
  }
  if (!/^[a-zA-Z0-9_-]+$/.test(config.workerPool)) {
    throw new ConfigError('"NOETL_WORKER_POOL" may hold letters, digits, "_" and "-" only');
  }
  return config;
}
