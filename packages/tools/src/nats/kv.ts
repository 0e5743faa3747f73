/** Operations on a K/V bucket. */
import type { KV } from 'nats';
import { NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { numberSetting, requiredText, textSetting } from '../settings.ts';
import { isNotFound, notFound } from './failure.ts';
import { bucketName, wholeNumber, type NatsCall, type Operation } from './operation.ts';
import { payloadOf, readPayload } from './payload.ts';

const KEYS_MAX = 100_000;

export const KV_OPERATIONS: Record<string, Operation> = {
  kv_get: get,
  kv_put: put,
  kv_delete: (call) => remove(call, 'delete'),
  kv_purge: (call) => remove(call, 'purge'),
  kv_keys: keys,
};

async function get(call: NatsCall): Promise<Json> {
  const bucket = bucketName(call.config);
  const key = keyOf(call.config);
  const kv = await opened(call, bucket);
  const entry = await kv.get(key);
  const about = { status: 'success', bucket, key };
  if (entry?.operation !== 'PUT') return { ...about, found: false, value: null, revision: null };
  const { revision, created } = entry;
  return {
    ...about,
    found: true,
    ...readPayload(entry.value, 'value'),
    revision,
    created: created.toISOString(),
  };
}

/** Makes the bucket where it is missing; `history` and `ttl_seconds` count then only. */
async function put(call: NatsCall): Promise<Json> {
  const { config, jetstream, values } = call;
  const bucket = bucketName(config);
  const key = keyOf(config);
  const bytes = await payloadOf(config, values, 'value', 'data', 'payload');
  const ttl = numberSetting(config, 'ttl_seconds', 'ttl');
  const kv = await jetstream.views.kv(bucket, {
    history: wholeNumber(config, 1, 64, 'history'),
    ...(ttl !== undefined && ttl > 0 && { ttl: ttl * 1000 }),
  });
  return { status: 'success', bucket, key, revision: await kv.put(key, bytes) };
}

async function remove(call: NatsCall, how: 'delete' | 'purge'): Promise<Json> {
  const bucket = bucketName(call.config);
  const key = keyOf(call.config);
  const kv = await opened(call, bucket);
  await kv[how](key);
  return { status: 'success', bucket, key, deleted: true };
}

async function keys(call: NatsCall): Promise<Json> {
  const bucket = bucketName(call.config);
  const filter = filterOf(call.config);
  const kv = await opened(call, bucket);
  const found: string[] = [];
  const listing = await kv.keys(filter);
  const stop = () => listing.stop();
  call.signal.addEventListener('abort', stop, { once: true });
  for await (const key of listing) {
    found.push(key);
    if (found.length > KEYS_MAX) throw tooMany();
  }
  call.signal.removeEventListener('abort', stop);
  return { status: 'success', bucket, keys: found, count: found.length };
}

function filterOf(config: JsonObject): string {
  const filter = textSetting(config, 'filter', 'key') ?? '>';
  if (/^[-/=.\w*>]+$/.test(filter) && !/^\.|\.$|\.\./.test(filter)) return filter;
  throw new NoetlError('TOOL_CONFIG', `\`filter\` "${filter}" is no pattern of keys, such as \`orders.>\``);
}

function tooMany(): NoetlError {
  const hint = 'Narrow it with `filter`, for example `orders.>`.';
  return new NoetlError('RESULT_TOO_LARGE', `more than ${String(KEYS_MAX)} keys`, { hint });
}

/** A bucket that must be there. */
async function opened({ manager, jetstream }: NatsCall, bucket: string): Promise<KV> {
  await manager.streams.info(`KV_${bucket}`).catch((error: unknown) => {
    throw isNotFound(error) ? notFound(`there is no bucket "${bucket}"`, error) : error;
  });
  return jetstream.views.kv(bucket, { bindOnly: true });
}

function keyOf(config: JsonObject): string {
  const key = requiredText(config, 'nats', 'key');
  if (/^[-/=.\w]+$/.test(key) && !/^\.|\.$|\.\./.test(key)) return key;
  throw new NoetlError('TOOL_CONFIG', `\`key\` "${key}" is no key that NATS allows`, {
    hint: 'Use letters, digits and - _ / = only, and dots between them.',
  });
}
