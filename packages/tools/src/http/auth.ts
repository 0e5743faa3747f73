/** Credentials on a request: bearer tokens, basic, keys in a header or the query, OAuth 2. */
import { jsonText, NoetlError, type JsonObject } from '@noetl/protocol';
import { field } from '../auth.ts';
import { mappingSetting } from '../settings.ts';
import type { Credential, ToolEnvironment } from '../tool.ts';
import type { TokenSource } from './oauth2.ts';
import { setHeader, type HttpRequest } from './request.ts';

export async function authorise(
  request: HttpRequest,
  { name, type, data }: Credential,
  tokens: TokenSource,
  { hide }: Pick<ToolEnvironment, 'hide'>,
  signal: AbortSignal,
): Promise<void> {
  const { headers, url, secret, hidden } = request;
  const setSecret = (header: string, value: string): void => {
    setHeader(headers, header, value);
    secret.add(header);
  };
  switch (kindOf(type, data)) {
    case 'bearer':
      setSecret(
        'authorization',
        `Bearer ${needed(name, data, 'token', 'access_token', 'bearer', 'api_key', 'key', 'value')}`,
      );
      break;
    case 'basic': {
      const user = needed(name, data, 'username', 'user', 'login');
      const password = field(data, 'password', 'pass') ?? '';
      setSecret('authorization', `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`);
      break;
    }
    case 'api_key': {
      const key = needed(name, data, 'api_key', 'key', 'value', 'token');
      const place = field(data, 'header', 'header_name', 'key_name', 'param', 'name') ?? 'X-API-Key';
      if ((field(data, 'in', 'location') ?? 'header') === 'query') {
        url.searchParams.set(place, key);
        hidden.add(place);
      } else setSecret(place, key);
      break;
    }
    case 'oauth2': {
      const { access_token } = await tokens.token(data, signal);
      hide(access_token);
      setSecret('authorization', `Bearer ${access_token}`);
      break;
    }
    default:
      throw new NoetlError('TOOL_CONFIG', `the http tool cannot use a credential of type "${type}"`, {
        hint: 'Use bearer, basic, api_key, oauth2 or header.',
      });
    case 'header':
  }
  for (const [header, value] of Object.entries(mappingSetting(data, 'headers') ?? {}))
    setSecret(header, jsonText(value));
}

/** Types come in many spellings; a generic credential shows by its fields what it is. */
function kindOf(type: string, data: JsonObject): string {
  const plain = type
    .toLowerCase()
    .replace(/^http[_-]?/, '')
    .replaceAll('-', '_');
  if (/bearer|^token$|^jwt$/.test(plain)) return 'bearer';
  if (/basic/.test(plain)) return 'basic';
  if (/api_?key/.test(plain)) return 'api_key';
  if (/oauth/.test(plain)) return 'oauth2';
  if (plain !== '' && plain !== 'generic' && plain !== 'header') return plain;
  if (field(data, 'token_url', 'token_endpoint') !== undefined) return 'oauth2';
  if (field(data, 'token', 'access_token') !== undefined) return 'bearer';
  if (field(data, 'username', 'user') !== undefined) return 'basic';
  return field(data, 'api_key', 'key') === undefined ? 'header' : 'api_key';
}

function needed(name: string, data: JsonObject, ...names: string[]): string {
  const value = field(data, ...names);
  if (value !== undefined) return value;
  throw new NoetlError('TOOL_CONFIG', `the credential "${name}" has no \`${names[0] ?? ''}\``);
}
