/** Reads messages of a stream: at most a batch, at most for a time, acknowledged when all are in hand. */
import { AckPolicy, DeliverPolicy, nanos, type Consumer, type ConsumerConfig, type JsMsg } from 'nats';
import { NoetlError, type JsonObject } from '@noetl/protocol';
import { booleanSetting, textSetting } from '../settings.ts';
import { isNotFound, notFound } from './failure.ts';
import { wholeNumber, type NatsCall } from './operation.ts';
import { readPayload } from './payload.ts';

const BATCH_MAX = 10_000;
const TIMEOUT_MAX_MS = 600_000;
/** A consumer without a name lives this long after its last use. */
const UNNAMED_MS = 30_000;
const DELIVER: Record<string, DeliverPolicy> = {
  all: DeliverPolicy.All,
  new: DeliverPolicy.New,
  last: DeliverPolicy.Last,
};

/** Ends early when the stream has nothing more. What was read is given back when the signal ends it. */
export async function consume(call: NatsCall): Promise<{ messages: JsonObject[]; count: number }> {
  const { config, connection, signal } = call;
  const batch = wholeNumber(config, 10, BATCH_MAX, 'batch', 'batch_size');
  const timeoutMs = wholeNumber(config, 5_000, TIMEOUT_MAX_MS, 'timeout_ms');
  const messages = await fetched(await consumerOf(call), batch, timeoutMs, signal);
  if (signal.aborted) for (const message of messages) message.nak();
  signal.throwIfAborted();
  if (booleanSetting(config, true, 'ack')) for (const message of messages) message.ack();
  await connection.flush();
  return { messages: messages.map(facts), count: messages.length };
}

async function fetched(
  consumer: Consumer,
  batch: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<JsMsg[]> {
  // The client refuses less than a second; the timer ends it earlier.
  const pull = await consumer.fetch({ max_messages: batch, expires: Math.max(timeoutMs, 1_000) });
  const stop = () => pull.stop();
  const timer = setTimeout(stop, timeoutMs);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const messages: JsMsg[] = [];
  try {
    for await (const message of pull) {
      messages.push(message);
      if (messages.length >= batch || message.info.pending === 0) break;
    }
    return messages;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/** The durable one of that name, made where it is missing; without a name, one for this call. */
async function consumerOf({ config, manager, jetstream }: NatsCall): Promise<Consumer> {
  const subject = textSetting(config, 'subject', 'topic');
  const stream = textSetting(config, 'stream') ?? (await streamOf(manager, subject));
  const durable = textSetting(config, 'durable', 'group', 'consumer', 'name');
  if (durable !== undefined && !/^[-\w]+$/.test(durable)) {
    throw new NoetlError('TOOL_CONFIG', `\`durable\` "${durable}" may have only letters, digits, - and _`);
  }
  const known = durable !== undefined && (await exists(manager, stream, durable));
  if (durable !== undefined && known) return jetstream.consumers.get(stream, durable);
  const wanted: Partial<ConsumerConfig> = {
    ack_policy: AckPolicy.Explicit,
    deliver_policy: deliverPolicy(config),
    ...(subject !== undefined && { filter_subject: subject }),
    ...(durable !== undefined ? { durable_name: durable } : { inactive_threshold: nanos(UNNAMED_MS) }),
  };
  const { name } = await manager.consumers.add(stream, wanted);
  return jetstream.consumers.get(stream, name);
}

function deliverPolicy(config: NatsCall['config']): DeliverPolicy {
  const name = textSetting(config, 'deliver_policy') ?? 'all';
  const policy = Object.hasOwn(DELIVER, name) ? DELIVER[name] : undefined;
  if (policy !== undefined) return policy;
  throw new NoetlError('TOOL_CONFIG', `\`deliver_policy\` must be all, new or last, not "${name}"`);
}

async function streamOf(manager: NatsCall['manager'], subject: string | undefined): Promise<string> {
  if (subject === undefined) throw new NoetlError('TOOL_CONFIG', 'the operation needs `stream` or `subject`');
  return manager.streams.find(subject).catch((error: unknown) => {
    throw /no stream matches/i.test(String(error))
      ? notFound(`no stream takes the subject "${subject}"`, error)
      : error;
  });
}

async function exists(manager: NatsCall['manager'], stream: string, durable: string): Promise<boolean> {
  try {
    await manager.consumers.info(stream, durable);
    return true;
  } catch (error) {
    if (isNotFound(error) && /consumer not found/.test(String(error))) return false;
    throw error;
  }
}

function facts(message: JsMsg): JsonObject {
  const entries = message.headers ? [...message.headers] : [];
  return {
    subject: message.subject,
    ...readPayload(message.data, 'data'),
    headers: Object.fromEntries(entries.map(([key, all]) => [key, all.join(', ')])),
    sequence: message.seq,
    timestamp: new Date(message.info.timestampNanos / 1_000_000).toISOString(),
  };
}
