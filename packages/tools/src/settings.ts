/** Reading the configuration of a tool: texts, numbers and mappings, refused with the key's name when they are none. */
import { isJsonObject, jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';

/** The first of several spellings of a key that is there; null counts as absent. */
export function first(config: JsonObject, ...keys: string[]): Json | undefined {
  for (const key of keys) {
    const value = config[key];
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

export function textSetting(config: JsonObject, ...keys: string[]): string | undefined {
  const value = first(config, ...keys);
  return value === undefined ? undefined : jsonText(value);
}

/** Throws TOOL_CONFIG naming the key. */
export function requiredText(config: JsonObject, kind: string, ...keys: string[]): string {
  const value = textSetting(config, ...keys);
  if (value !== undefined && value !== '') return value;
  throw new NoetlError('TOOL_CONFIG', `the ${kind} tool needs \`${keys[0] ?? ''}\``);
}

export function numberSetting(config: JsonObject, ...keys: string[]): number | undefined {
  const value = first(config, ...keys);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isFinite(number) && value !== '') return number;
  throw new NoetlError('TOOL_CONFIG', `\`${keys[0] ?? ''}\` must be a number, not ${jsonText(value)}`);
}

/** Also the texts that templates print: "False", "no", "0". */
export function booleanSetting(config: JsonObject, fallback: boolean, ...keys: string[]): boolean {
  const value = first(config, ...keys);
  if (value === undefined) return fallback;
  if (typeof value === 'boolean') return value;
  return !['false', '0', 'no', 'off', 'none', ''].includes(jsonText(value).trim().toLowerCase());
}

export function mappingSetting(config: JsonObject, ...keys: string[]): JsonObject | undefined {
  const value = first(config, ...keys);
  if (value === undefined || isJsonObject(value)) return value;
  throw new NoetlError('TOOL_CONFIG', `\`${keys[0] ?? ''}\` must be a mapping`);
}
