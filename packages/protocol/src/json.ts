/** JSON values, as every process exchanges and stores them. */

export type Json = null | boolean | number | string | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json;
}

/** Text of a value for messages and names: text as it is, everything else as JSON. */
export function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

/** What `JSON.parse` says of a text, without the excerpt that it quotes: the text may hold secrets. */
export function jsonFault(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/, (\.\.\.)?"[^]*(?= is not valid JSON$)/, '')
    .replace(/^(\.\.\.)?"[^]*(?= is not valid JSON$)/, 'it');
}

/** True for a plain JSON object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
