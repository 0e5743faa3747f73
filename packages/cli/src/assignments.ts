/** `--set a.b=c` and `--payload JSON`: what a run adds to the playbook's workload. */
import { isJsonObject, type Json, type JsonObject } from '@noetl/protocol';
import { usageError } from './failure.ts';

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/** Puts every `path=value` into `target`, which it returns. Values are JSON where they parse, else text. */
export function assign(target: JsonObject, assignments: string[]): JsonObject {
  for (const text of assignments) {
    const at = text.indexOf('=');
    if (at < 1) throw usageError(`--set ${text}: expected name=value`, 'For example: --set item_count=1000');
    put(target, text.slice(0, at).split('.'), parseValue(text.slice(at + 1)), text);
  }
  return target;
}

/** `--payload`: a JSON object. */
export function parsePayload(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw usageError(`--payload is not JSON: ${reason}`, `For example: --payload '{"item_count": 1000}'`);
  }
  if (!isJsonObject(value)) throw usageError('--payload must be a JSON object');
  return value;
}

function parseValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function put(target: JsonObject, path: string[], value: Json, text: string): void {
  const last = path.pop();
  if (last === undefined || last === '' || path.includes(''))
    throw usageError(`--set ${text}: an empty name`);
  if ([...path, last].some((name) => FORBIDDEN.has(name)))
    throw usageError(`--set ${text}: this name is not allowed`);
  let place = target;
  for (const name of path) {
    const inner = place[name];
    if (inner !== undefined && !isJsonObject(inner))
      throw usageError(`--set ${text}: ${name} is not an object`);
    const next: JsonObject = inner ?? {};
    place[name] = next;
    place = next;
  }
  place[last] = value;
}
