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
import { AGGREGATE_CONSUMER, AGGREGATE_SUBJECT, COMMANDS_STREAM, STREAM_SUBJECTS } from './subjects.ts';

/** What the bus says about itself; a winston logger fits. */
export interface BusLog {
  warn(message: string, fields?: object): unknown;
  info(message: string, fields?: object): unknown;
}

export interface Bus {
  connection: NatsConnection;
  jetstream: JetStreamClient;
  manager: JetStreamManager;
  log: BusLog;
  /** Sends what is buffered, then closes. */
  close(): Promise<void>;
}

export interface BusOptions {
  url: string;
  /** Name of the process; also the prefix of its inboxes. */
  name: string;
  user?: string;
  password?: string;
  token?: string;
  log?: BusLog;
}

const SILENT: BusLog = { warn: () => undefined, info: () => undefined };
const REQUEST_TIMEOUT_MS = 5_000;
const MAX_AGE_MS = 7 * 24 * 3_600_000;
const DUPLICATE_WINDOW_MS = 120_000;
const MAX_BYTES = 1024 * 1024 * 1024;
const MAX_ACK_PENDING = 10_000;

export async function connectBus(options: BusOptions): Promise<Bus> {
  const log = options.log ?? SILENT;
  try {
    const connection = await connect({
      servers: options.url,
      name: options.name,
      inboxPrefix: `_INBOX_${options.name.replace(/[^a-zA-Z0-9]/g, '_')}`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      reconnectJitter: 250,
      timeout: REQUEST_TIMEOUT_MS,
      ...(options.user !== undefined && { user: options.user }),
      ...(options.password !== undefined && { pass: options.password }),
      ...(options.token !== undefined && { token: options.token }),
    });
    void watch(connection, log);
    const manager = await connection.jetstreamManager({ timeout: REQUEST_TIMEOUT_MS, checkAPI: false });
    const jetstream = connection.jetstream({ timeout: REQUEST_TIMEOUT_MS });
    return { connection, jetstream, manager, log, close: () => close(connection) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NoetlError('SERVICE_UNAVAILABLE', `NATS does not answer: ${reason}`, { cause: error });
  }
}

async function close(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  // Draining waits for the server; without one there is nothing to send to.
  await connection.drain().catch(() => connection.close());
}

async function watch(connection: NatsConnection, log: BusLog): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === Events.Disconnect) log.warn('NATS is gone; reconnecting');
    if (status.type === Events.Reconnect) log.info('NATS is back');
  }
}

/** Makes the stream and the aggregator's consumer where they are missing; safe to call by many at once. */
export async function ensureTopology(bus: Bus): Promise<void> {
  const stream: Partial<StreamConfig> = {
    name: COMMANDS_STREAM,
    subjects: STREAM_SUBJECTS,
    storage: StorageType.File,
    retention: RetentionPolicy.Workqueue,
    // Full means back-pressure for publishers, never a lost command.
    discard: DiscardPolicy.New,
    max_bytes: MAX_BYTES,
    max_age: nanos(MAX_AGE_MS),
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  };
  await bus.manager.streams.add(stream);
  await ensureConsumer(bus, AGGREGATE_CONSUMER, AGGREGATE_SUBJECT, 30_000);
}

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
