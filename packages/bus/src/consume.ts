/**
 * Pulling from the work queue. A consumer that vanished or fell silent is made again; no more handlers run at once
 * than the caller has slots; stopping stops pulling and waits for the handlers.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ConsumerEvents, JSONCodec, type ConsumerMessages, type JsMsg } from 'nats';
import { DEFAULT_POOL, isId, type CommandNotice } from '@noetl/protocol';
import { ensureConsumer, ensureTopology, type Bus, type PullEnd } from './connection.ts';
import type { AggregateNotice } from './publish.ts';
import {
  AGGREGATE_CONSUMER,
  AGGREGATE_SUBJECT,
  commandConsumer,
  COMMANDS_STREAM,
  commandSubject,
  type Lane,
} from './subjects.ts';

/** A message with the means to answer it. */
export interface Delivery<T> {
  notice: T;
  redelivered: boolean;
  /** Work goes on: the acknowledgement wait starts anew. */
  working(): void;
  ack(): void;
  /** Deliver again, not before `delayMs`. */
  nak(delayMs: number): void;
}

export type CommandMessage = Delivery<CommandNotice>;

export interface Subscription {
  /** Resolves when nothing is pulled any more and all handlers have ended. */
  stop(): Promise<void>;
}

interface Source<T> {
  consumer: string;
  subject: string;
  ackWaitMs: number;
  maxMessages: number;
  parse: (data: unknown) => T | undefined;
  onMessage: (message: Delivery<T>) => Promise<void>;
}

export interface CommandSource {
  lane: Lane;
  pool?: string;
  /** Handlers at once; also the most messages pulled. */
  maxMessages: number;
  ackWaitMs: number;
  onMessage: (message: CommandMessage) => Promise<void>;
}

export function consumeCommands(bus: Bus, source: CommandSource): Subscription {
  const { lane, pool = DEFAULT_POOL, maxMessages, ackWaitMs, onMessage } = source;
  const consumer = commandConsumer(lane, pool);
  const subject = commandSubject(lane, pool);
  return consume(bus, { consumer, subject, ackWaitMs, maxMessages, parse: parseCommand, onMessage });
}

const AGGREGATE_ACK_WAIT_MS = 30_000;

export function consumeAggregate(
  bus: Bus,
  source: { maxMessages: number; onMessage: (message: Delivery<AggregateNotice>) => Promise<void> },
): Subscription {
  return consume(bus, {
    consumer: AGGREGATE_CONSUMER,
    subject: AGGREGATE_SUBJECT,
    ackWaitMs: AGGREGATE_ACK_WAIT_MS,
    parse: parseAggregate,
    ...source,
  });
}

const codec = JSONCodec();
const RETRY_MS = 500;
const PULL_EXPIRES_MS = 10_000;
/** Below one message; the client takes zero for its own default, which is to pull again after almost each message. */
const NONE_PENDING = 0.5;
/** The client reports every second missed heartbeat; this many reports mean that the pull is dead. */
const SILENCES_MAX = 2;
const GONE = new Set<string>([
  ConsumerEvents.ConsumerNotFound,
  ConsumerEvents.ConsumerDeleted,
  ConsumerEvents.StreamNotFound,
]);

function consume<T>(bus: Bus, source: Source<T>): Subscription {
  const stopping = new AbortController();
  const handlers = new Set<Promise<void>>();
  let pulling: ConsumerMessages | undefined;

  const handle = async (message: JsMsg): Promise<void> => {
    bus.record.received(source.consumer, message.redelivered);
    const delivery = deliver(message, source.parse);
    if (!delivery) {
      bus.log.warn('a message that nobody can read is dropped', { subject: message.subject });
      message.term();
      return;
    }
    try {
      await source.onMessage(delivery);
    } catch (error) {
      bus.log.warn('a handler failed', { consumer: source.consumer, error });
      delivery.nak(RETRY_MS);
    }
  };

  const pull = async (): Promise<void> => {
    const consumer = await bus.jetstream.consumers.get(COMMANDS_STREAM, source.consumer);
    const messages = await consumer.consume({
      max_messages: source.maxMessages,
      threshold_messages: NONE_PENDING,
      expires: PULL_EXPIRES_MS,
      idle_heartbeat: PULL_EXPIRES_MS / 4,
    });
    pulling = messages;
    // Told to stop while this was on its way to the server.
    if (stopping.signal.aborted) messages.stop();
    void stopWhenSilent(messages, (reason) => bus.record.restarted(source.consumer, reason));
    for await (const message of messages) {
      const handler = handle(message).finally(() => handlers.delete(handler));
      handlers.add(handler);
      // Further messages stay in the client's buffer until a slot is free.
      while (handlers.size >= source.maxMessages) await Promise.race(handlers);
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        if (bus.ownsTopology) await ensureTopology(bus);
        await ensureConsumer(bus, source.consumer, source.subject, source.ackWaitMs);
        await pull();
      } catch (error) {
        bus.log.warn('pulling failed; trying again', { consumer: source.consumer, error });
        bus.record.restarted(source.consumer, 'failed');
      }
      await delay(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  const running = run();
  return {
    stop: async () => {
      stopping.abort();
      await pulling?.close();
      await running;
      await Promise.all(handlers);
    },
  };
}

async function stopWhenSilent(messages: ConsumerMessages, ended: (reason: PullEnd) => void): Promise<void> {
  for await (const status of await messages.status()) {
    const silent = status.type === ConsumerEvents.HeartbeatsMissed && Number(status.data) >= SILENCES_MAX;
    if (!silent && !GONE.has(status.type)) continue;
    messages.stop();
    ended(silent ? 'silent' : 'gone');
    return;
  }
}

function deliver<T>(message: JsMsg, parse: (data: unknown) => T | undefined): Delivery<T> | undefined {
  let notice: T | undefined;
  try {
    notice = parse(codec.decode(message.data));
  } catch {
    return undefined;
  }
  if (notice === undefined) return undefined;
  return {
    notice,
    redelivered: message.redelivered,
    working: () => message.working(),
    ack: () => message.ack(),
    nak: (delayMs) => message.nak(delayMs),
  };
}

function parseCommand(data: unknown): CommandNotice | undefined {
  const { execution_id, command_id, lane } = (data ?? {}) as Partial<CommandNotice>;
  if (!isId(execution_id) || !isId(command_id) || (lane !== 'step' && lane !== 'chunk')) return undefined;
  return { execution_id, command_id, lane };
}

function parseAggregate(data: unknown): AggregateNotice | undefined {
  const { execution_id, loop_id } = (data ?? {}) as Partial<AggregateNotice>;
  return isId(execution_id) && isId(loop_id) ? { execution_id, loop_id } : undefined;
}
