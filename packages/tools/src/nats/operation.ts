/** What every operation on NATS gets, and the settings they share. */
import type { JetStreamClient, JetStreamManager, NatsConnection } from 'nats';
import { NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { numberSetting, requiredText } from '../settings.ts';
import type { ValueStore } from '../tool.ts';

export interface NatsCall {
  config: JsonObject;
  connection: NatsConnection;
  jetstream: JetStreamClient;
  manager: JetStreamManager;
  values: ValueStore;
  signal: AbortSignal;
  /** The same for every attempt at this very message. */
  messageId: string;
}

export type Operation = (call: NatsCall) => Promise<Json>;

/** Throws TOOL_CONFIG naming the key. */
export function bucketName(config: JsonObject): string {
  const name = requiredText(config, 'nats', 'bucket');
  if (/^[-\w]+$/.test(name)) return name;
  throw new NoetlError('TOOL_CONFIG', `\`bucket\` "${name}" may have only letters, digits, - and _`);
}

/** Throws TOOL_CONFIG when it is out of bounds. */
export function wholeNumber(config: JsonObject, fallback: number, max: number, ...keys: string[]): number {
  const number = numberSetting(config, ...keys) ?? fallback;
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  const bounds = `a whole number from 1 to ${String(max)}`;
  throw new NoetlError('TOOL_CONFIG', `\`${keys[0] ?? ''}\` must be ${bounds}, not ${String(number)}`);
}
