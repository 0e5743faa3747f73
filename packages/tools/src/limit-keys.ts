/** Under which named limits a call falls by what it reaches: the host it speaks to, the credential it uses. */
import { isJsonObject, type Json, type JsonObject } from '@noetl/protocol';
import { aliasOf } from './auth.ts';
import { first } from './settings.ts';

/** Keys as limits are named: `credential:<name>`, `host:<name>`, and `host:<name>:<port>`. */
export function limitKeys(kind: string, config: JsonObject): string[] {
  const ends = kind === 'transfer' ? [config['source'], config['target']].filter(isJsonObject) : [config];
  const keys = ends.flatMap((end) => {
    const alias = aliasOf(first(end, 'auth', 'credential'));
    const reached =
      kind === 'http' || first(end, 'type') === 'http' ? first(end, 'url', 'endpoint', 'uri') : undefined;
    return [...(alias === undefined ? [] : [`credential:${alias}`]), ...hostKeys(reached)];
  });
  return [...new Set(keys)];
}

function hostKeys(written: Json | undefined): string[] {
  if (typeof written !== 'string' || !URL.canParse(written)) return [];
  const { hostname, port, protocol } = new URL(written);
  const known = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return [`host:${hostname}`, `host:${hostname}:${known}`];
}
