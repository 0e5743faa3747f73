/** The tool `nats`: K/V buckets, object stores and streams of a NATS server that a credential names. */
import { NoetlError, type JsonObject } from '@noetl/protocol';
import { requiredCredential } from './auth.ts';
import { itemTool, type ToolCall } from './item-tool.ts';
import type { NatsConnections } from './nats/connections.ts';
import { KV_OPERATIONS } from './nats/kv.ts';
import { OBJECT_OPERATIONS } from './nats/objects.ts';
import type { Operation } from './nats/operation.ts';
import { STREAM_OPERATIONS } from './nats/streams.ts';
import { first, requiredText } from './settings.ts';
import type { Tool } from './tool.ts';

const OPERATIONS = new Map<string, Operation>(
  Object.entries({ ...KV_OPERATIONS, ...OBJECT_OPERATIONS, ...STREAM_OPERATIONS }),
);
const REQUEST_TIMEOUT_MS = 5_000;
const ANY = ['string', 'number', 'boolean', 'object', 'array', 'null'];

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    auth: {
      type: ['string', 'object'],
      description: 'A credential with nats_url, and nats_user and nats_password, or nats_token.',
    },
    operation: { type: 'string', enum: [...OPERATIONS.keys()], description: 'What to do.' },
    bucket: { type: 'string', description: 'K/V or object bucket; putting makes it where it is missing.' },
    key: { type: 'string', description: 'Key in the bucket, or name of the object.' },
    object: { type: 'string', description: 'Another spelling of `key`, for objects.' },
    value: { type: ANY, description: 'What to store: any JSON value; text is stored as it is.' },
    data: { type: ANY, description: 'What to publish or store as an object: any JSON value.' },
    payload: { type: ANY, description: 'Another spelling of `data`.' },
    data_b64: { type: 'string', description: 'Bytes in base64, instead of `data` or `value`.' },
    description: { type: 'string', description: 'Of an object that is stored.' },
    filter: { type: 'string', description: 'Keys to list, with wildcards: `orders.>`; default: all.' },
    history: { type: 'number', description: 'Values kept per key of a bucket that is made, 1 to 64.' },
    ttl_seconds: { type: 'number', description: 'Life of the values of a bucket that is made.' },
    subject: {
      type: 'string',
      description: 'Subject to publish to, to read the last message of, or to consume.',
    },
    headers: { type: 'object', description: 'Headers of a message that is published.' },
    msg_id: { type: 'string', description: 'Id that drops duplicates; default: the same for every retry.' },
    stream: { type: 'string', description: 'Stream to read; for publishing, the stream that must take it.' },
    sequence: { type: 'number', description: 'Number of the message to get.' },
    durable: { type: 'string', description: 'Durable consumer; made where it is missing.' },
    deliver_policy: { type: 'string', description: 'Where a new consumer starts: all, new or last.' },
    batch: { type: 'number', description: 'Most messages to consume; default 10.' },
    timeout_ms: { type: 'number', description: 'Longest wait for messages; default 5000.' },
    ack: { type: 'boolean', description: 'Acknowledge what was consumed; default true.' },
  },
  required: ['auth', 'operation'],
};

export function natsTool(connections: NatsConnections): Tool {
  return itemTool({ kind: 'nats', schema: SCHEMA, timeout_s: 60, run: (call) => run(connections, call) });
}

async function run(connections: NatsConnections, call: ToolCall) {
  const name = requiredText(call.config, 'nats', 'operation');
  const operation = OPERATIONS.get(name);
  if (operation) return withNats(connections, 'nats', call, operation);
  throw new NoetlError(
    'TOOL_CONFIG',
    `\`operation\` "${name}" is none of ${[...OPERATIONS.keys()].join(', ')}`,
  );
}

/** Runs an operation on the connection of the call's credential. */
export async function withNats<T>(
  connections: NatsConnections,
  kind: string,
  { config, environment, signal, idempotency_key }: ToolCall,
  operation: (call: Parameters<Operation>[0]) => Promise<T>,
): Promise<T> {
  const credential = await requiredCredential(environment, kind, first(config, 'auth', 'credential'));
  return connections.use(credential, signal, async (connection) => {
    const options = { timeout: REQUEST_TIMEOUT_MS };
    const manager = await connection.jetstreamManager({ ...options, checkAPI: false });
    const jetstream = connection.jetstream(options);
    const messageId = `${environment.execution_id}/${idempotency_key}`;
    return operation({
      config,
      connection,
      jetstream,
      manager,
      values: environment.values,
      signal,
      messageId,
    });
  });
}
