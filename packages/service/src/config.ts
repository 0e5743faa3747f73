/** Configuration: the environment, read once into one frozen object. Units are in the names. */
import env from 'env-var';
import { authConfig, type AuthConfig } from './auth-config.ts';
import { ConfigError } from './config-error.ts';
import { natsConfig, type NatsConfig } from './nats-config.ts';
import { hostAndPort, networks, ownServices } from './outbound/settings.ts';
import type { OutboundPolicy } from './outbound/guard.ts';
import { encryptionKeysOf, type KeySource } from './encryption-keys.ts';
import { parseFailpoint, type FailpointRule } from './failpoints.ts';
import { optional, positive } from './variables.ts';

export interface Config {
  databaseUrl: string;
  /** Connections of this process's pool. */
  databaseConnections: number;
  /** Off behind a pooler that knows no prepared statements. */
  databasePrepared: boolean;
  nats: NatsConfig;
  host: string;
  port: number;
  auth: AuthConfig;
  /** Where worker and aggregator serve `/metrics`; an optional port may be taken, then it is another one. */
  metricsPort: 'off' | { port: number; optional: boolean };
  /** Subjects and consumers this worker pulls from. */
  workerPool: string;
  /** Chunks a worker runs at once. */
  workerSlots: number;
  /** Plain steps a worker runs at once; separate, so that a huge loop never starves them. */
  stepSlots: number;
  /** Most runner processes per language in one worker. */
  runners: number;
  pythonPath: string;
  isolation: IsolationConfig;
  /** What playbooks may do on the worker itself: `shell`, `container`, `duckdb_files`. */
  toolsAllowed: ToolPermission[];
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
  /** Master keys of what is sealed, 32 bytes each in base64; the first one encrypts. */
  encryptionKeys: string[];
  /** Base URLs that the http tool reaches at another address: staging, mirrors, mocks. */
  httpHosts: Record<string, string>;
  /** Which addresses requests of playbooks, and of webhooks, may reach. */
  outbound: OutboundPolicy;
  /** New executions are refused while so many have not ended, or so many commands are open. */
  executionsMax: number;
  commandsMax: number;
  /** Executions are deleted so many days after their end; kept for ever when absent. */
  retentionDays?: number;
  /** Rows of the audit log are deleted after so many days; kept for ever when absent. */
  auditRetentionDays?: number;
  /** How often partitions are made ahead and dropped, and what is past its retention is deleted. */
  maintenanceMs: number;
  /** Folder that scripts of type `file` are read from; none when absent. */
  scriptsDir?: string;
  /** Read-only SQL over HTTP, for people and test scripts. */
  sqlEndpoint: boolean;
  /** Names of this process's environment that templates may read as `env.NAME`. */
  templateEnv: string[];
  /** Where tests make this process die or sleep; refused in production. */
  failpoints: FailpointRule[];
  /** Whether spans are sent; where to, the standard `OTEL_…` variables say. */
  traces: boolean;
  logLevel: LogLevel;
  logFormat: 'json' | 'pretty';
}

/** What stands between the code that playbooks run and the worker. */
interface IsolationConfig {
  level: (typeof LEVELS)[number];
  /** Undefined: off where it can be. */
  network?: boolean;
  /** Accounts of runners, first to last; `off`: that of the worker. */
  accounts: 'auto' | 'off' | { first: number; last: number };
  /** Files and folders that code may see besides the system's programs. */
  paths: { path: string; writable: boolean }[];
  /** Whether a runner may run code of several playbooks. */
  mixedRunners: boolean;
  limits: { memoryMb: number; processes: number; cpuSeconds: number; itemSeconds: number; diskMb: number };
}

const LEVELS = ['auto', 'process', 'sandbox', 'gvisor'] as const;
const TOOL_PERMISSIONS = ['shell', 'container', 'duckdb_files'] as const;
type ToolPermission = (typeof TOOL_PERMISSIONS)[number];

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

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
  const number = (name: string, fallback: number): number => positive(get, name, fallback);
  const workerSlots = number('NOETL_WORKER_SLOTS', 2);
  const stepSlots = number('NOETL_STEP_SLOTS', 2);
  const days = get('NOETL_RETENTION_DAYS').asIntPositive();
  const auditDays = get('NOETL_AUDIT_RETENTION_DAYS').asIntPositive();
  const httpHosts = hostsOf(get('NOETL_HTTP_HOSTS').default('').asArray());
  return {
    databaseUrl: get('DATABASE_URL').required().asString(),
    databaseConnections: number('NOETL_DATABASE_CONNECTIONS', 10),
    databasePrepared: get('NOETL_PREPARED_STATEMENTS').default('on').asEnum(['on', 'off']) === 'on',
    nats: natsConfig(get),
    host: hostOf(get),
    port: portOf(get),
    auth: authConfig(get),
    metricsPort: metricsPortOf(get('NOETL_METRICS_PORT').asString(), () =>
      get('NOETL_METRICS_PORT').required().asPortNumber(),
    ),
    workerPool: get('NOETL_WORKER_POOL').default('default').asString(),
    workerSlots,
    stepSlots,
    runners: number('NOETL_RUNNERS', workerSlots + stepSlots),
    pythonPath: get('NOETL_PYTHON').default('python3').asString(),
    isolation: isolationOf(variables),
    toolsAllowed: permissionsOf(get('NOETL_TOOLS_ALLOWED').default('').asArray()),
    chunkAckWaitMs: number('NOETL_CHUNK_ACK_WAIT_MS', 10_000),
    stepAckWaitMs: number('NOETL_STEP_ACK_WAIT_MS', 30_000),
    leaseMs: number('NOETL_LEASE_MS', 10_000),
    heartbeatMs: number('NOETL_HEARTBEAT_MS', 3_000),
    sweepMs: number('NOETL_SWEEP_MS', 1_000),
    shutdownGraceMs: number('NOETL_SHUTDOWN_GRACE_MS', 25_000),
    executionsMax: number('NOETL_EXECUTIONS_MAX', 10_000),
    commandsMax: number('NOETL_COMMANDS_MAX', 100_000),
    encryptionKeys: encryptionKeys({
      value: get('NOETL_ENCRYPTION_KEY').asString(),
      file: get('NOETL_ENCRYPTION_KEY_FILE').asString(),
    }),
    httpHosts,
    outbound: outboundOf(get, source, httpHosts),
    ...(days !== undefined && { retentionDays: days }),
    ...(auditDays !== undefined && { auditRetentionDays: auditDays }),
    maintenanceMs: number('NOETL_MAINTENANCE_MS', 3_600_000),
    ...optional(get, 'scriptsDir', 'NOETL_SCRIPTS_DIR'),
    sqlEndpoint: get('NOETL_SQL_ENDPOINT').default('off').asEnum(['on', 'off']) === 'on',
    templateEnv: templateNames(get('NOETL_TEMPLATE_ENV').default('').asArray()),
    failpoints: failpointsOf(get('NOETL_FAILPOINTS').default('').asArray(), source),
    traces: wantsTraces(source),
    logLevel: get('NOETL_LOG_LEVEL').default('info').asEnum(['error', 'warn', 'info', 'debug']),
    logFormat: get('NOETL_LOG_FORMAT')
      .default(isTerminal ? 'pretty' : 'json')
      .asEnum(['json', 'pretty']),
  };
}

function encryptionKeys({ value, file }: KeySource): string[] {
  const name = file === undefined ? 'NOETL_ENCRYPTION_KEY' : 'NOETL_ENCRYPTION_KEY_FILE';
  if (file !== undefined && value !== undefined && value !== '')
    throw new ConfigError('"NOETL_ENCRYPTION_KEY" and "NOETL_ENCRYPTION_KEY_FILE" exclude each other');
  try {
    return encryptionKeysOf({ value, file });
  } catch (error) {
    throw new ConfigError(`"${name}": ${(error as Error).message}`);
  }
}

/** What this process reaches its services with is no business of playbooks. */
const OWN_SECRETS =
  /^(DATABASE_URL|NATS_(URL|PASSWORD|TOKEN)|NOETL_(ENCRYPTION_KEY|ADMIN_TOKEN)|OTEL_.*HEADERS)$/;

function templateNames(names: string[]): string[] {
  const own = names.find((name) => OWN_SECRETS.test(name));
  if (own === undefined) return names;
  throw new ConfigError(`"NOETL_TEMPLATE_ENV" must not hold ${own}: templates would print it`);
}

function isolationOf(variables: { get: (name: string) => env.IOptionalVariable }): IsolationConfig {
  const get = (name: string) => variables.get(name);
  const number = (name: string, fallback: number): number => positive(get, name, fallback);
  const network = get('NOETL_ISOLATION_NETWORK').asEnum(['on', 'off']);
  return {
    level: get('NOETL_ISOLATION').default('auto').asEnum(LEVELS),
    ...(network !== undefined && { network: network === 'on' }),
    accounts: accountsOf(get('NOETL_RUNNER_UIDS').default('auto').asString()),
    paths: get('NOETL_ISOLATION_PATHS').default('').asArray().map(pathOf),
    mixedRunners: get('NOETL_RUNNER_REUSE').default('playbook').asEnum(['playbook', 'any']) === 'any',
    limits: {
      memoryMb: number('NOETL_RUNNER_MEMORY_MB', 2_048),
      processes: number('NOETL_RUNNER_PROCESSES', 256),
      cpuSeconds: number('NOETL_RUNNER_CPU_SECONDS', 3_600),
      itemSeconds: number('NOETL_RUNNER_ITEM_SECONDS', 86_400),
      diskMb: number('NOETL_RUNNER_DISK_MB', 1_024),
    },
  };
}

/** `auto`, `off`, or `60600-61100`; root is no account for code. */
function accountsOf(written: string): IsolationConfig['accounts'] {
  if (written === 'auto' || written === 'off') return written;
  const [, from, to] = /^(\d+)-(\d+)$/.exec(written) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (first > 0 && last >= first && last < 2 ** 32 - 1) return { first, last };
  throw new ConfigError(
    `"NOETL_RUNNER_UIDS" must be auto, off or a range such as 60600-61100, not "${written}"`,
  );
}

/** `/data` is read, `/data:rw` also written. */
function pathOf(written: string): { path: string; writable: boolean } {
  const writable = written.endsWith(':rw');
  const path = written.replace(/:(ro|rw)$/, '');
  if (path.startsWith('/') && path !== '/' && !path.split('/').includes('..')) return { path, writable };
  throw new ConfigError(`"NOETL_ISOLATION_PATHS" must hold absolute paths, not "${written}"`);
}

function permissionsOf(written: string[]): ToolPermission[] {
  return written.map((name) => {
    const known = TOOL_PERMISSIONS.find((permission) => permission === name);
    if (known) return known;
    throw new ConfigError(`"NOETL_TOOLS_ALLOWED" may name ${TOOL_PERMISSIONS.join(', ')}, not "${name}"`);
  });
}

/** As OpenTelemetry has it: off unless there is somewhere to send them. */
function wantsTraces(source: NodeJS.ProcessEnv): boolean {
  const exporter = source['OTEL_TRACES_EXPORTER'];
  if (source['OTEL_SDK_DISABLED'] === 'true' || exporter === 'none') return false;
  const endpoint =
    source['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? source['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
  return exporter === 'otlp' || endpoint !== '';
}

/** The port that exporters of metrics use by convention. */
const METRICS_PORT = 9464;

/** `0`: any free one. */
function metricsPortOf(written: string | undefined, port: () => number): Config['metricsPort'] {
  if (written === undefined || written === '') return { port: METRICS_PORT, optional: true };
  if (written === 'off') return 'off';
  return { port: written === '0' ? 0 : port(), optional: false };
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

type Get = (name: string) => env.IOptionalVariable;

function hostOf(get: Get): string {
  return get('NOETL_HOST').default('127.0.0.1').asString();
}

function portOf(get: Get): number {
  return get('NOETL_PORT').default(8082).asPortNumber();
}

function outboundOf(
  get: Get,
  { NODE_ENV }: NodeJS.ProcessEnv,
  httpHosts: Record<string, string>,
): OutboundPolicy {
  const isProduction = NODE_ENV === 'production';
  const api = `${hostOf(get)}:${String(portOf(get))}`;
  return {
    private: get('NOETL_HTTP_PRIVATE')
      .default(isProduction ? 'deny' : 'allow')
      .asEnum(['allow', 'deny']),
    // Where the operator has said that a base URL is to be reached, it may be.
    allow: [
      ...allowOf(get('NOETL_HTTP_ALLOW').default('').asArray()),
      ...Object.values(httpHosts).map(hostAndPort),
    ],
    own: ownServices(
      get('DATABASE_URL').asString(),
      get('NATS_URL').asString(),
      isProduction ? api : undefined,
    ),
  };
}

function allowOf(entries: string[]): string[] {
  try {
    return networks(entries);
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}

function failpointsOf(rules: string[], { NODE_ENV }: NodeJS.ProcessEnv): FailpointRule[] {
  if (rules.length > 0 && NODE_ENV === 'production')
    throw new ConfigError('"NOETL_FAILPOINTS" is for tests, and refused while NODE_ENV is "production"');
  try {
    return rules.map(parseFailpoint);
  } catch (error) {
    throw new ConfigError(`"NOETL_FAILPOINTS": ${(error as Error).message}`);
  }
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
  const least = {
    NOETL_RETENTION_DAYS: config.retentionDays ?? 1,
    NOETL_AUDIT_RETENTION_DAYS: config.auditRetentionDays ?? 1,
    NOETL_KV_RETENTION_DAYS: config.nats.limits.stateMaxAgeMs,
  };
  for (const [name, value] of Object.entries(least)) {
    if (value < 1) throw new ConfigError(`"${name}" must be at least 1`);
  }
  if (!/^[a-zA-Z0-9_-]{1,63}$/.test(config.workerPool)) {
    throw new ConfigError('"NOETL_WORKER_POOL" may hold up to 63 letters, digits, "_" and "-"');
  }
  return config;
}
