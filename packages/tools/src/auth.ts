/** Credentials as tools name them: an alias, `{credential: alias}`, or the fields themselves. */
import { isJsonObject, jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import type { Credential, ToolEnvironment } from './tool.ts';

/** Undefined when nothing is named. Throws CREDENTIAL_UNKNOWN. */
export async function credentialOf(
  environment: ToolEnvironment,
  written: Json | undefined,
): Promise<Credential | undefined> {
  if (written === undefined || written === null || written === '') return undefined;
  if (typeof written === 'string') return environment.credentials(written);
  if (!isJsonObject(written)) {
    throw new NoetlError('TOOL_CONFIG', '`auth` must be the name of a credential, or a mapping');
  }
  if (Object.keys(written).length === 0) return undefined;
  const alias = aliasIn(written);
  if (alias !== undefined) {
    const { data, type, name } = await environment.credentials(alias);
    const beside = withoutAlias(written);
    return { name, type: textOf(written['type']) ?? type, data: { ...data, ...beside } };
  }
  // `{pg: {type: postgres, credential: alias}}`: the alias under a label.
  const [only] = Object.values(written);
  if (Object.keys(written).length === 1 && isJsonObject(only)) return credentialOf(environment, only);
  return { name: 'inline', type: textOf(written['type']) ?? 'generic', data: withoutAlias(written) };
}

/** The name of the credential that is meant; undefined when none is named. */
export function aliasOf(written: Json | undefined): string | undefined {
  if (typeof written === 'string') return written === '' ? undefined : written;
  if (!isJsonObject(written)) return undefined;
  const [only, ...others] = Object.values(written);
  return aliasIn(written) ?? (others.length === 0 && isJsonObject(only) ? aliasOf(only) : undefined);
}

function aliasIn(written: JsonObject): string | undefined {
  const keyed = written['source'] === 'credential' ? written['key'] : undefined;
  const alias = keyed ?? written['credential'] ?? written['name'] ?? written['ref'];
  return typeof alias === 'string' && alias !== '' ? alias : undefined;
}

/** Throws TOOL_CONFIG when there is no credential to use. */
export async function requiredCredential(
  environment: ToolEnvironment,
  kind: string,
  written: Json | undefined,
): Promise<Credential> {
  const credential = await credentialOf(environment, written);
  if (credential) return credential;
  throw new NoetlError('TOOL_CONFIG', `the ${kind} tool needs \`auth\`: the name of a credential`, {
    hint: 'Create one: POST /api/credentials {name, type, data}.',
  });
}

/** A field under any of its names, as text. */
export function field(data: JsonObject, ...names: string[]): string | undefined {
  for (const name of names) {
    const text = textOf(data[name]);
    if (text !== undefined) return text;
  }
  return undefined;
}

function textOf(value: Json | undefined): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : jsonText(value);
}

function withoutAlias({
  credential: _,
  name: __,
  ref: ___,
  type: ____,
  source,
  key,
  ...other
}: JsonObject): JsonObject {
  const rest = source === 'credential' || key === undefined ? other : { ...other, key };
  return rest;
}
