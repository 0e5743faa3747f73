/** The connection to NATS: reconnects for ever, and makes the streams and consumers it needs. */
import {
  AckPolicy,
  connect,
  DiscardPolicy,
  Events,
  nanos,
  RetentionPolicy,
  StorageType,
  type ConsumerConfig,
  type JetStreamClient,
  type JetStreamManager,
  type NatsConnection,
  type StreamConfig,
} from 'nats';
import { NoetlError } from '@noetl/protocol';
import { ensureBucket } from './loop-counter.ts';
import { inboxOf, type BusRole } from './permissions.ts';
import { natsErrorCode, OTHER_CONFIGURATION, STREAM_NOT_FOUND } from './nats-error.ts';
import {
  AGGREGATE_CONSUMER,
  AGGREGATE_SUBJECT,
  COMMANDS_STREAM,
  STATE_STREAM,
  STREAM_SUBJECTS,
} from './subjects.ts';

/** What the bus says about itself; a winston logger fits. */
export interface BusLog {
  warn(message: string, fields?: object): unknown;
  info(message: string, fields?: object): unknown;
}

/** Told how this process gets on with NATS, for its metrics. */
export interface BusRecorder {
  /** An update of a K/V entry came too late. */
  conflict(): void;
  /** The pull of a consumer is begun anew. */
  restarted(consumer: string, reason: PullEnd): void;
  received(consumer: string, redelivered: boolean): void;
  reconnected(): void;
}

/** Why a pull has ended: its server says nothing any more, its consumer is gone, or it failed. */
export type PullEnd = 'silent' | 'gone' | 'failed';

export interface Bus {
  connection: NatsConnection;
  jetstream: JetStreamClient;
  manager: JetStreamManager;
  log: BusLog;
  replicas: number;
  limits: BusLimits;
  record: BusRecorder;
  /** Whether this process makes streams and the bucket; others wait until they are there. */
  ownsTopology: boolean;
  /** Sends what is buffered, then closes. */
  close(): Promise<void>;
}

/** How large what we keep in NATS may become. */
export interface BusLimits {
  /** Full means back-pressure for publishers, never a lost command. */
  commandsMaxBytes: number;
  /** Loop counts are for show: what was written longest ago goes first, and those of running loops come back. */
  stateMaxBytes: number;
  stateMaxAgeMs: number;
}

export interface BusOptions {
  /** One server, or several of a cluster, separated by commas. */
  url: string;
  /** Name of the process. */
  name: string;
  /** What the process may do; whoever has no role (people, tests) may do everything. */
  role?: BusRole;
  user?: string;
  password?: string;
  token?: string;
  /** Files in PEM: who vouches for the server, and what this process shows it. Given, no plain connection is made. */
  tls?: { caFile?: string; certFile?: string; keyFile?: string };
  /** Servers of a cluster that keep each stream and bucket; 1 when absent. */
  replicas?: number;
  limits?: BusLimits;
  log?: BusLog;
  record?: BusRecorder;
}

const SILENT: BusLog = { warn: () => undefined, info: () => undefined };
const UNRECORDED: BusRecorder = {
  conflict: () => undefined,
  restarted: () => undefined,
  received: () => undefined,
  reconnected: () => undefined,
};
const REQUEST_TIMEOUT_MS = 5_000;
const PING_MS = 5_000;
const MAX_AGE_MS = 7 * 24 * 3_600_000;
const DUPLICATE_WINDOW_MS = 120_000;
const MAX_ACK_PENDING = 10_000;
/**
 * More than a command takes with its frame. The count is what makes a full stream refuse: of bytes the server lets in
 * whatever fits without its frame, and drops the oldest message for it.
 */
const MESSAGE_MAX_BYTES = 512;
const MIB = 1024 * 1024;
const LIMITS: BusLimits = {
  commandsMaxBytes: 1024 * MIB,
  stateMaxBytes: 256 * MIB,
  stateMaxAgeMs: MAX_AGE_MS,
};

export async function connectBus(options: BusOptions): Promise<Bus> {
  const { log = SILENT, record = UNRECORDED } = options;
  try {
    const connection = await connect({
      servers: options.url.split(',').map((url) => splitUrl(url).server),
      name: options.name,
      inboxPrefix: inboxPrefix(options),
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      reconnectJitter: 250,
      timeout: REQUEST_TIMEOUT_MS,
      // A link that swallows everything is noticed after two pings without an answer.
      pingInterval: PING_MS,
      // No stack trace of every request, just in case that it fails.
      noAsyncTraces: true,
      ...login(options),
      ...encryption(options),
    });
    void watch(connection, log, record);
    const manager = await connection.jetstreamManager({ timeout: REQUEST_TIMEOUT_MS, checkAPI: false });
    const jetstream = connection.jetstream({ timeout: REQUEST_TIMEOUT_MS });
    const { replicas = 1, limits = LIMITS } = options;
    return {
      connection,
      jetstream,
      manager,
      log,
      replicas,
      limits,
      record,
      ownsTopology: options.role !== 'worker',
      close: () => close(connection),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NoetlError('SERVICE_UNAVAILABLE', `NATS does not answer: ${reason}`, { cause: error });
  }
}

/** Replies come to subjects that no other role may listen on. */
function inboxPrefix({ name, role }: BusOptions): string {
  const own = name.replace(/[^a-zA-Z0-9]/g, '_');
  return role === undefined ? `_INBOX_${own}` : `${inboxOf(role)}.${own}`;
}

/** The client knows no logins in URLs, people do. What is given on its own goes first. */
function login({ url, user, password, token }: BusOptions): { user?: string; pass?: string; token?: string } {
  if (token !== undefined) return { token };
  if (user !== undefined) return { user, ...(password !== undefined && { pass: password }) };
  const found = splitUrl(url.split(',')[0] ?? '');
  return found.user === '' ? {} : { user: found.user, pass: found.password };
}

/** `tls://` asks for it as well: then the authorities that Node knows vouch for the server. */
function encryption({ url, tls }: BusOptions): { tls?: NonNullable<BusOptions['tls']> } {
  if (tls) return { tls };
  return url.split(',').some((server) => server.startsWith('tls://')) ? { tls: {} } : {};
}

function splitUrl(url: string): { server: string; user: string; password: string } {
  if (!URL.canParse(url)) return { server: url, user: '', password: '' };
  const parsed = new URL(url);
  const [user, password] = [decodeURIComponent(parsed.username), decodeURIComponent(parsed.password)];
  parsed.username = '';
  parsed.password = '';
  return { server: parsed.href, user, password };
}

async function close(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  // Draining waits for the server; without one there is nothing to send to.
  await connection.drain().catch(() => connection.close());
}

async function watch(connection: NatsConnection, log: BusLog, record: BusRecorder): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === Events.Disconnect) log.warn('NATS is gone; reconnecting');
    if (status.type !== Events.Reconnect) continue;
    log.info('NATS is back');
    record.reconnected();
  }
}

/**
 * Makes the streams and the aggregator's consumer where they are missing, and gives those that are there the limits of
 * now; safe to call by many at once.
 */
export async function ensureTopology(bus: Bus): Promise<void> {
  const { commandsMaxBytes, stateMaxBytes, stateMaxAgeMs } = bus.limits;
  const commands: Partial<StreamConfig> = {
    subjects: STREAM_SUBJECTS,
    storage: StorageType.File,
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    max_bytes: commandsMaxBytes,
    max_msgs: Math.max(1, Math.floor(commandsMaxBytes / MESSAGE_MAX_BYTES)),
    max_age: nanos(MAX_AGE_MS),
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    num_replicas: bus.replicas,
  };
  if (!(await limitStream(bus, COMMANDS_STREAM, commands))) {
    await bus.manager.streams.add({ name: COMMANDS_STREAM, ...commands }).catch((error: unknown) => {
      // Made a moment ago by a process with other limits; ours come with the next call.
      if (natsErrorCode(error) !== OTHER_CONFIGURATION) throw error;
    });
  }
  await ensureBucket(bus);
  await limitStream(bus, STATE_STREAM, {
    discard: DiscardPolicy.Old,
    max_bytes: stateMaxBytes,
    max_msgs: -1,
    max_age: nanos(stateMaxAgeMs),
    duplicate_window: nanos(Math.min(stateMaxAgeMs, DUPLICATE_WINDOW_MS)),
    num_replicas: bus.replicas,
  });
  await ensureConsumer(bus, AGGREGATE_CONSUMER, AGGREGATE_SUBJECT, 30_000);
}

/** False when there is no such stream. */
async function limitStream(bus: Bus, name: string, wanted: Partial<StreamConfig>): Promise<boolean> {
  const { streams } = bus.manager;
  const found = await streams.info(name).catch((error: unknown) => {
    if (natsErrorCode(error) === STREAM_NOT_FOUND) return undefined;
    throw error;
  });
  if (!found) return false;
  if (LIMITED.some((key) => found.config[key] !== wanted[key]))
    await streams.update(name, { ...found.config, ...wanted });
  return true;
}

/** What may differ from one configuration to the next. */
const LIMITED = ['discard', 'max_bytes', 'max_msgs', 'max_age', 'num_replicas'] as const;

/** `max_deliver` is unlimited: Postgres decides when a command is dead, not the server. */
export async function ensureConsumer(
  bus: Bus,
  name: string,
  subject: string,
  ackWaitMs: number,
): Promise<void> {
  const consumer: Partial<ConsumerConfig> = {
    durable_name: name,
    filter_subject: subject,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(ackWaitMs),
    max_deliver: -1,
    max_ack_pending: MAX_ACK_PENDING,
  };
  await bus.manager.consumers.add(COMMANDS_STREAM, consumer);
}
