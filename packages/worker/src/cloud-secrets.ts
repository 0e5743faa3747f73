/**
 * Keychain entries of clouds, as far as they can be had without one: secrets come from stored credentials of the same
 * name, identity tokens from the issuer that the service account's key names.
 */
import { createSign } from 'node:crypto';
import { isJsonObject, jsonText, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import type { ToolEnvironment } from '@noetl/tools';

type Credentials = ToolEnvironment['credentials'];

/** Fields of a credential that hold the secret itself, in this order; else the only field there is. */
const VALUE_FIELDS = ['value', 'secret', 'token', 'api_key', 'password'];
const GOOGLE_TOKEN_URI = 'https://oauth2.googleapis.com/token';
const ASSERTION_LIFE_S = 600;

/** `map`: alias to secret, like `projects/p/secrets/NAME/versions/latest`. */
export async function mappedSecrets(map: Json | undefined, credentials: Credentials): Promise<JsonObject> {
  const found: JsonObject = {};
  for (const [alias, path] of Object.entries(isJsonObject(map) ? map : {}))
    found[alias] = await secretValue(jsonText(path), credentials);
  return found;
}

async function secretValue(path: string, credentials: Credentials): Promise<Json> {
  const name = /\/secrets\/([^/]+)/.exec(path)?.[1] ?? path.split('/').at(-1) ?? path;
  const { data } = await credentials(name).catch((error: unknown) => {
    if (!(error instanceof NoetlError) || error.code !== 'CREDENTIAL_UNKNOWN') throw error;
    throw new NoetlError(
      'TOOL_UNAVAILABLE',
      `the secret ${path} is in a secret manager, which is not available`,
      {
        hint: `Store it here: POST /api/credentials {"name": "${name}", "type": "generic", "data": {"value": "…"}}.`,
      },
    );
  });
  const key = VALUE_FIELDS.find((field) => field in data);
  if (key !== undefined) return data[key] ?? null;
  const values = Object.values(data);
  return values.length === 1 ? (values[0] ?? null) : data;
}

/** What to send for an identity token: the service account signs for whom it is meant. */
export async function googleTokenRequest(
  entry: JsonObject,
  credentials: Credentials,
): Promise<{ endpoint: string; grant_type: string; assertion: string }> {
  const audience = jsonText(entry['target_audience'] ?? entry['audience'] ?? '');
  const { client_email, private_key, token_uri } = await serviceAccount(entry, credentials);
  if (audience === '' || typeof client_email !== 'string' || typeof private_key !== 'string')
    throw new NoetlError(
      'TOOL_CONFIG',
      'google_id_token needs `target_audience`, and a service account with client_email and private_key',
    );
  const endpoint = typeof token_uri === 'string' ? token_uri : GOOGLE_TOKEN_URI;
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: client_email, sub: client_email, aud: endpoint, target_audience: audience };
  const assertion = signed({ ...claims, iat: now, exp: now + ASSERTION_LIFE_S }, private_key);
  return { endpoint, grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
}

async function serviceAccount(entry: JsonObject, credentials: Credentials): Promise<JsonObject> {
  const alias = entry['service_account_credential'] ?? entry['credential'] ?? entry['auth'];
  const secret = entry['service_account_secret'];
  const key =
    typeof alias === 'string'
      ? (await credentials(alias)).data
      : await secretValue(jsonText(secret ?? ''), credentials);
  if (isJsonObject(key)) return key;
  try {
    const parsed = JSON.parse(jsonText(key)) as Json;
    return isJsonObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function signed(claims: JsonObject, privateKey: string): string {
  const part = (value: JsonObject): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  try {
    return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey, 'base64url')}`;
  } catch {
    throw new NoetlError('TOOL_CONFIG', 'the private_key of the service account is no RSA key in PEM');
  }
}
