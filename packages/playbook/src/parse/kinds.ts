/** Kinds of tools that registration accepts; whether a worker can run one shows when it does. */

/** Other spellings of a kind. */
const ALIASES: Record<string, string> = {
  js: 'javascript',
  node: 'javascript',
  py: 'python',
  sh: 'shell',
  bash: 'shell',
};

export const KNOWN_TOOL_KINDS: readonly string[] = [
  'agent',
  'artifact',
  'container',
  'duckdb',
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

export function toolKind(written: string): string {
  return ALIASES[written] ?? written;
}
