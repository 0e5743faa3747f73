/** Credentials for DuckDB: as secrets that ATTACH and file functions find. */
import { isJsonObject, jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { credentialOf, field } from '../auth.ts';
import type { Credential, ToolEnvironment } from '../tool.ts';

export interface Secrets {
  /** They make the secrets; gone with the database or the process, never written to a file. */
  statements: string[];
  /** What must not show in messages. */
  values: string[];
}

const PLAIN = ['credential', 'type', 'name', 'ref', 'username', 'user', 'db_user', 'key_id', 'token'];

export async function secretsOf(environment: ToolEnvironment, auth: Json | undefined): Promise<Secrets> {
  const labelled =
    isJsonObject(auth) && !PLAIN.some((key) => key in auth) ? Object.entries(auth) : [['', auth] as const];
  const secrets: Secrets = { statements: [], values: [] };
  for (const [label, written] of labelled) {
    const credential = await credentialOf(environment, written);
    if (!credential) continue;
    secrets.statements.push(secretStatement(label === '' ? credential.name : label, credential));
    secrets.values.push(...hiddenIn(credential.data));
  }
  return secrets;
}

/** Texts of a credential that are worth hiding; shorter ones would take words out of messages. */
export function hiddenIn(data: JsonObject): string[] {
  const secret = Object.entries(data).filter(([key]) => /pass|secret|token|key/i.test(key));
  const texts = secret.map(([, value]) => jsonText(value)).filter((text) => text.length >= 4);
  return texts.flatMap((text) => [text, text.replaceAll("'", "''")]);
}

export function secretStatement(name: string, { type, data }: Credential): string {
  const options = optionsOf(type.toLowerCase(), data, name);
  const written = Object.entries(options).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return `CREATE OR REPLACE SECRET ${quotedName(name)} (${written
    .map(([key, value]) => `${key} ${key === 'TYPE' ? value : quotedText(value)}`)
    .join(', ')})`;
}

function optionsOf(type: string, data: JsonObject, name: string): Record<string, string | undefined> {
  if (['postgres', 'postgresql', 'mysql'].includes(type)) {
    return {
      TYPE: type === 'mysql' ? 'mysql' : 'postgres',
      HOST: field(data, 'db_host', 'host'),
      PORT: field(data, 'db_port', 'port'),
      DATABASE: field(data, 'db_name', 'database', 'dbname'),
      USER: field(data, 'db_user', 'user', 'username'),
      PASSWORD: field(data, 'db_password', 'password'),
    };
  }
  if (['s3', 'aws', 'gcs', 'gcs_hmac'].includes(type)) {
    return {
      TYPE: type.startsWith('gcs') ? 'gcs' : 's3',
      KEY_ID: field(data, 'key_id', 'access_key_id', 'aws_access_key_id'),
      SECRET: field(data, 'secret_key', 'secret', 'secret_access_key', 'aws_secret_access_key'),
      REGION: field(data, 'region', 'aws_region'),
      ENDPOINT: field(data, 'endpoint'),
      SCOPE: field(data, 'scope'),
    };
  }
  throw new NoetlError('TOOL_CONFIG', `\`auth\`: DuckDB has no use for the ${type} credential "${name}"`, {
    hint: 'Use a credential of type postgres, mysql, s3 or gcs.',
  });
}

export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
