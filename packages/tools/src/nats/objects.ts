/** Operations on an object store. */
import type { ObjectInfo, ObjectStore } from 'nats';
import { NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { numberSetting, requiredText, textSetting } from '../settings.ts';
import { isNotFound, notFound } from './failure.ts';
import { bucketName, type NatsCall, type Operation } from './operation.ts';
import { payloadOf, readPayload } from './payload.ts';

/** Base64 makes it a third larger; a result may have 10 MiB. */
const READ_MAX = 7 * 1024 * 1024;

export const OBJECT_OPERATIONS: Record<string, Operation> = {
  object_get: get,
  object_put: put,
  object_delete: remove,
  object_list: list,
  object_info: info,
};

async function get(call: NatsCall): Promise<Json> {
  const { bucket, key, store } = await opened(call);
  const about = { status: 'success', bucket, key };
  const found = await find(store, key);
  if (!found) return { ...about, found: false, value: null };
  if (found.size > READ_MAX) {
    throw new NoetlError('RESULT_TOO_LARGE', `the object "${key}" has ${String(found.size)} bytes`);
  }
  const bytes = await store.getBlob(key);
  return { ...about, found: true, ...readPayload(bytes ?? new Uint8Array(), 'value'), size: found.size };
}

/** Makes the bucket where it is missing. */
async function put({ config, jetstream, values }: NatsCall): Promise<Json> {
  const bucket = bucketName(config);
  const key = keyOf(config);
  const bytes = await payloadOf(config, values, 'data', 'value', 'payload');
  const ttl = numberSetting(config, 'ttl_seconds', 'ttl');
  const store = await jetstream.views.os(bucket, {
    ...(ttl !== undefined && ttl > 0 && { ttl: ttl * 1_000_000_000 }),
  });
  const description = textSetting(config, 'description');
  const stored = await store.putBlob({ name: key, ...(description !== undefined && { description }) }, bytes);
  return { status: 'success', bucket, key, ...facts(stored) };
}

async function remove(call: NatsCall): Promise<Json> {
  const { bucket, key, store } = await opened(call);
  const found = await find(store, key);
  if (found) await store.delete(key);
  return { status: 'success', bucket, key, deleted: found !== undefined };
}

async function list(call: NatsCall): Promise<Json> {
  const bucket = bucketName(call.config);
  const store = await storeOf(call, bucket);
  const objects = (await store.list()).filter((entry) => !entry.deleted);
  return {
    status: 'success',
    bucket,
    objects: objects.map((entry) => ({ key: entry.name, ...facts(entry) })),
    count: objects.length,
  };
}

async function info(call: NatsCall): Promise<Json> {
  const { bucket, key, store } = await opened(call);
  const found = await find(store, key);
  const about = { status: 'success', bucket, key };
  return found ? { ...about, found: true, ...facts(found) } : { ...about, found: false };
}

/** A deleted object leaves its description behind. */
async function find(store: ObjectStore, key: string): Promise<ObjectInfo | undefined> {
  const found = await store.info(key);
  return found === null || found.deleted ? undefined : found;
}

function facts({ size, chunks, digest, mtime, description }: ObjectInfo): JsonObject {
  return { size, chunks, digest, modified: mtime, description: description ?? null };
}

async function opened(call: NatsCall): Promise<{ bucket: string; key: string; store: ObjectStore }> {
  const bucket = bucketName(call.config);
  const key = keyOf(call.config);
  return { bucket, key, store: await storeOf(call, bucket) };
}

/** A bucket that must be there. */
async function storeOf({ manager, jetstream }: NatsCall, bucket: string): Promise<ObjectStore> {
  await manager.streams.info(`OBJ_${bucket}`).catch((error: unknown) => {
    throw isNotFound(error) ? notFound(`there is no object bucket "${bucket}"`, error) : error;
  });
  return jetstream.views.os(bucket);
}

function keyOf(config: JsonObject): string {
  return requiredText(config, 'nats', 'key', 'object', 'name');
}
