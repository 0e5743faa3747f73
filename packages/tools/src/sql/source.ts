/** The SQL of a tool's configuration, in all its spellings, as a list of statements. */
import { jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import type { Binding } from './place.ts';
import { splitStatements } from './split.ts';

const KEYS = ['query', 'queries', 'command', 'commands', 'cmd', 'cmds', 'statement', 'sql'];

/** Schema of the keys, for the tools that take SQL. */
export const SQL_SCHEMA: JsonObject = Object.fromEntries([
  ...KEYS.map((key): [string, JsonObject] => [
    key,
    {
      type: ['string', 'array'],
      description: `SQL: one text or a list of texts; \`${key}_b64\` takes base64.`,
    },
  ]),
  [
    'sql_mode',
    {
      enum: ['bind', 'text'],
      description: 'text: templates are rendered to SQL as they are, unsafe for data.',
    },
  ],
]);

/** Throws TOOL_CONFIG when there is none. */
export function statementsOf(config: JsonObject, kind = 'postgres'): string[] {
  const statements = splitStatements(sourceOf(config));
  if (statements.length > 0) return statements;
  throw new NoetlError('TOOL_CONFIG', `no sql command provided to the ${kind} tool`, {
    hint: 'Give it `query` or `command`.',
  });
}

function sourceOf(config: JsonObject): string {
  for (const key of KEYS) {
    const encoded = config[`${key}_b64`] ?? config[`${key}_base64`];
    if (typeof encoded === 'string') return Buffer.from(encoded, 'base64').toString('utf8');
    const written = config[key];
    if (written !== undefined && written !== null && written !== '') return textOf(written);
  }
  return '';
}

/** A list is one statement an item, which may hold several. */
function textOf(written: Json): string {
  if (!Array.isArray(written)) return jsonText(written);
  return written.map(jsonText).join(';\n');
}

const BINDINGS: Record<string, Binding> = {
  postgres: 'parameters',
  transfer: 'parameters',
  duckdb: 'literals',
  ducklake: 'literals',
  snowflake: 'literals',
};

/** How the templates at a place of a tool's configuration become SQL; undefined where they are rendered to text. */
export function sqlBinding(kind: string, path: readonly string[], config: JsonObject): Binding | undefined {
  const [side, key] = kind === 'transfer' ? path : ['', ...path];
  const isSql = (kind !== 'transfer' || side === 'source' || side === 'target') && KEYS.includes(key ?? '');
  return isSql && config['sql_mode'] !== 'text' && Object.hasOwn(BINDINGS, kind) ? BINDINGS[kind] : undefined;
}
