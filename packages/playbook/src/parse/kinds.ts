/** Kinds of tools that registration accepts; whether a worker can run one shows when it does. */

/** Other spellings of a kind. */
const ALIASES: Record<string, string> = {
  js: 'javascript',
  node: 'javascript',
  py: 'python',
  sh: 'shell',
  bash: 'shell',
};

/** Kinds that wait for others rather than compute: one worker runs several of them at once. */
const WAITING_KINDS = new Set(['http', 'postgres', 'nats', 'subscription', 'noop', 'artifact']);
/** Kinds that start another execution and wait for its end without holding a worker. */
const CHILD_KINDS = new Set(['playbook']);

export const KNOWN_TOOL_KINDS: readonly string[] = [
  'agent',
  'artifact',
  'container',
  'duckdb',
  'event_log',
  'ducklake',
  'gateway',
  'gcs',
  'http',
  'iterator',
  'javascript',
  'mcp',
  'nats',
  'noop',
  'playbook',
  'postgres',
  'python',
  'rhai',
  'script',
  'secrets',
  'shell',
  'snowflake',
  'snowflake_transfer',
  'subscription',
  'transfer',
  'wasm',
  'workbook',
];

export function isWaiting(kind: string): boolean {
  return WAITING_KINDS.has(kind);
}

export function startsChild(kind: string): boolean {
  return CHILD_KINDS.has(kind);
}

export function toolKind(written: string): string {
  const kind = written.trim().toLowerCase();
  return ALIASES[kind] ?? kind;
}
