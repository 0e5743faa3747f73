/** `set` blocks: variable names without the prefix of the one dictionary they all live in. */
import { isJsonObject, type Json } from '@noetl/protocol';
import type { Assignments } from '../document.ts';

const PREFIX = /^(ctx|workload|vars)\./;

export function assignments(value: Json | undefined): Assignments {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, template]) => [name.replace(PREFIX, ''), template]),
  );
}

/** Conditions are text or a constant; anything else counts by its truth. */
export function condition(value: Json | undefined): string | boolean | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' || typeof value === 'boolean' ? value : Boolean(value);
}
