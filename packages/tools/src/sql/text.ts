/** The SQL of a tool: from any of its keys, in plain text or base64, one statement or many. */
import { jsonText, NoetlError, type JsonObject } from '@noetl/protocol';
import { first } from '../settings.ts';
import { splitStatements } from './split.ts';

const KEYS = ['query', 'queries', 'command', 'commands', 'cmd', 'cmds'];

export const SQL_SCHEMA: JsonObject = Object.fromEntries(
  KEYS.flatMap((key): [string, JsonObject][] => [
    [key, { type: ['string', 'array'], description: 'SQL: statements in one text, or a list of texts.' }],
    [`${key}_b64`, { type: 'string', description: `The text of \`${key}\` in base64.` }],
  ]),
);

/** Throws TOOL_CONFIG when there is none. */
export function statementsOf(config: JsonObject, kind: string): string[] {
  const encoded = first(config, ...KEYS.map((key) => `${key}_b64`));
  const written =
    encoded === undefined
      ? first(config, ...KEYS)
      : Buffer.from(jsonText(encoded), 'base64').toString('utf8');
  const texts = Array.isArray(written) ? written : [written ?? ''];
  const statements = texts.flatMap((text) => splitStatements(jsonText(text)));
  if (statements.length > 0) return statements;
  throw new NoetlError('TOOL_CONFIG', `the ${kind} tool needs SQL: \`command\` or \`query\``);
}
