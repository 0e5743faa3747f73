/** `set` blocks: variable names without the prefix of the one dictionary they all live in. */
import { isJsonObject, type Json } from '@noetl/protocol';
import type { Assignments } from '../document.ts';

const PREFIX = /^(ctx|workload|vars)\./;

/** A mapping, or a list of `{name, value}` as seed playbooks write it. */
export function assignments(value: Json | undefined): Assignments {
  if (Array.isArray(value)) {
    const named = value.filter(isJsonObject).filter((item) => typeof item['name'] === 'string');
    return assignments(
      Object.fromEntries(named.map((item) => [item['name'] as string, item['value'] ?? null])),
    );
  }
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
