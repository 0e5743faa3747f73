/** Kinds of tools that registration accepts, and their keys; whether a worker can run one shows when it does. */

/** Other spellings of a kind. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['js', 'javascript'],
  ['node', 'javascript'],
  ['nodejs', 'javascript'],
  ['py', 'python'],
  ['python3', 'python'],
  ['postgresql', 'postgres'],
  ['sh', 'shell'],
  ['bash', 'shell'],
]);

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

/** A kind under its usual name. */
export function toolKind(written: string): string {
  return ALIASES.get(written) ?? written;
}

/** Keys that all tools share. */
const COMMON = ['kind', 'name', 'desc', 'description', 'input', 'args', 'spec', 'set', 'output', 'timeout', 'auth'];

/**
 * Keys of the kinds in common use. Not complete, and not meant to be: a key that is none of them, but nearly one,
 * is most likely misspelt.
 */
const OF_KINDS =
  `assert libs credential params payload code code_b64 code_base64 script query queries command commands cmd
  cmds sql statement pool database method url endpoint headers json data body form files verify verify_ssl follow_redirects
  timeout_seconds retry path version return_step return_result result_step poll_interval task cwd env bucket key value operation
  subject stream action source target mode chunk_size image resources namespace job result framework entrypoint
  output_select scope table`.split(/\s+/);

export const TOOL_KEYS: readonly string[] = [...COMMON, ...OF_KINDS];
