/** Values as bytes and back: JSON where it is JSON, text where it is text, base64 for the rest. */
import { isJsonObject, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { fillHoles } from '../runner/inputs.ts';
import { first, textSetting } from '../settings.ts';
import type { ValueStore } from '../tool.ts';

const BYTES = new TextDecoder('utf8', { fatal: true });

/** From `data_b64`, or the first of `keys`; null is a value too. Throws TOOL_CONFIG when there is none. */
export async function payloadOf(
  config: JsonObject,
  values: ValueStore,
  ...keys: string[]
): Promise<Uint8Array> {
  const encoded = textSetting(config, 'data_b64');
  if (encoded !== undefined) return Buffer.from(encoded, 'base64');
  const written = first(config, ...keys) ?? (keys.some((key) => key in config) ? null : undefined);
  if (written === undefined) {
    throw new NoetlError('TOOL_CONFIG', `the operation needs \`${keys[0] ?? ''}\`, or \`data_b64\``);
  }
  const { value, lazy } = await fillHoles(written, values);
  if (lazy) throw new NoetlError('VALUE_TOO_LARGE', 'the value is too large for one message');
  return Buffer.from(textOf(value));
}

/** Text goes as it is, unless it would come back as a number or the like. */
function textOf(value: Json): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const read = parsed(value);
  return read === value || isJsonObject(read) || Array.isArray(read) ? value : JSON.stringify(value);
}

/** `{<key>: value}`; bytes that are no text come as `{<key>: null, data_b64}`. */
export function readPayload(bytes: Uint8Array, key: string): JsonObject {
  try {
    return { [key]: parsed(BYTES.decode(bytes)) };
  } catch {
    return { [key]: null, data_b64: Buffer.from(bytes).toString('base64') };
  }
}

/** The JSON in the text, or the text where it is none, or a number that would lose digits. */
function parsed(text: string): Json {
  try {
    const value = JSON.parse(text) as Json;
    const isContainer = Array.isArray(value) || isJsonObject(value);
    return isContainer || typeof value === 'string' || JSON.stringify(value) === text.trim() ? value : text;
  } catch {
    return text;
  }
}
