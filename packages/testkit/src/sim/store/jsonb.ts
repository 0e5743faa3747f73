/** What `jsonb` does to a document: absent values go, and keys come back by length, then by bytes. */

export function jsonb<T>(value: T): T {
  return ordered(value) as T;
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => ordered(item ?? null));
  if (typeof value !== 'object' || value === null) return value;
  const document = value as Record<string, unknown>;
  const keys = Object.keys(document).sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const result: Record<string, unknown> = {};
  for (const key of keys) if (document[key] !== undefined) result[key] = ordered(document[key]);
  return result;
}

/** Equal documents give equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(ordered(value));
}
