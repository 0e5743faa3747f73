/** Operations on a stream: publish, look at a message, look at the stream. */
import { headers, type StoredMsg } from 'nats';
import { jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { mappingSetting, requiredText, textSetting } from '../settings.ts';
import { isNotFound } from './failure.ts';
import { consume } from './consume.ts';
import { wholeNumber, type NatsCall, type Operation } from './operation.ts';
import { payloadOf, readPayload } from './payload.ts';

export const STREAM_OPERATIONS: Record<string, Operation> = {
  js_publish: publish,
  js_get_msg: getMessage,
  js_stream_info: streamInfo,
  js_consume: async (call) => ({ status: 'success', ...(await consume(call)) }),
};

/** A retry carries the same message id: within the window of the stream it is stored once. */
async function publish({ config, jetstream, values, messageId }: NatsCall): Promise<Json> {
  const subject = requiredText(config, 'nats', 'subject');
  if (/[\s*>]/.test(subject)) {
    throw new NoetlError('TOOL_CONFIG', `\`subject\` "${subject}" must have no blanks and no wildcards`);
  }
  const bytes = await payloadOf(config, values, 'data', 'payload', 'value');
  const stream = textSetting(config, 'stream');
  const head = headers();
  for (const [key, value] of Object.entries(mappingSetting(config, 'headers') ?? {})) {
    head.append(key, jsonText(value));
  }
  const ack = await jetstream.publish(subject, bytes, {
    msgID: textSetting(config, 'msg_id') ?? messageId,
    headers: head,
    ...(stream !== undefined && { expect: { streamName: stream } }),
  });
  return {
    status: 'success',
    subject,
    stream: ack.stream,
    sequence: ack.seq,
    duplicate: ack.duplicate,
  };
}

/** By `sequence`, or the last one of `subject`. */
async function getMessage({ config, manager }: NatsCall): Promise<Json> {
  const stream = requiredText(config, 'nats', 'stream');
  const subject = textSetting(config, 'subject');
  const query =
    subject !== undefined
      ? { last_by_subj: subject }
      : { seq: wholeNumber(config, 0, Number.MAX_SAFE_INTEGER, 'sequence', 'seq') };
  try {
    const message = await manager.streams.getMessage(stream, query);
    return { status: 'success', stream, found: true, ...messageFacts(message) };
  } catch (error) {
    if (!isNotFound(error) || /stream not found/.test(String(error))) throw error;
    return { status: 'success', stream, found: false, data: null };
  }
}

function messageFacts(message: StoredMsg): JsonObject {
  const head = Object.fromEntries([...message.header].map(([key, all]) => [key, all.join(', ')]));
  return {
    subject: message.subject,
    ...readPayload(message.data, 'data'),
    headers: head,
    sequence: message.seq,
    timestamp: message.timestamp,
  };
}

async function streamInfo({ config, manager }: NatsCall): Promise<Json> {
  const name = requiredText(config, 'nats', 'stream', 'name');
  const info = await manager.streams.info(name);
  return {
    status: 'success',
    stream: name,
    config: JSON.parse(JSON.stringify(info.config)) as JsonObject,
    state: JSON.parse(JSON.stringify(info.state)) as JsonObject,
    created: info.created,
  };
}
