/** OAuth 2 tokens: fetched when needed, kept until shortly before they end, one request however many ask. */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { isJsonObject, NoetlError, type Json, type JsonObject } from '@noetl/protocol';
import { field } from '../auth.ts';
import { mappingSetting } from '../settings.ts';

export interface Token extends JsonObject {
  access_token: string;
}

/** Sends one request of a token endpoint; the http tool's own way. */
export type Fetcher = (config: JsonObject, signal: AbortSignal) => Promise<Json>;

const KEPT_MAX = 500;
const RENEW_EARLY_S = 30;
const LIFE_DEFAULT_S = 300;

export class TokenSource {
  readonly #fetch: Fetcher;
  readonly #kept = new LRUCache<string, Promise<Token>>({ max: KEPT_MAX, ttl: LIFE_DEFAULT_S * 1000 });

  constructor(fetch: Fetcher) {
    this.#fetch = fetch;
  }

  /** `data`: a credential or a keychain entry: `endpoint|token_url`, and client credentials or a ready request. */
  async token(data: JsonObject, signal: AbortSignal): Promise<Token> {
    const key = createHash('sha256').update(JSON.stringify(data)).digest('hex');
    const known = this.#kept.get(key);
    if (known) return known;
    const asking = this.#ask(data, signal);
    this.#kept.set(key, asking);
    try {
      const token = await asking;
      const life = Number(token['expires_in'] ?? LIFE_DEFAULT_S);
      const ttl = Math.max(1, life - RENEW_EARLY_S) * 1000;
      this.#kept.set(key, asking, { ttl });
      return token;
    } catch (error) {
      this.#kept.delete(key);
      throw error;
    }
  }

  async #ask(data: JsonObject, signal: AbortSignal): Promise<Token> {
    const url = field(data, 'endpoint', 'token_url', 'token_endpoint', 'url');
    if (url === undefined) throw new NoetlError('TOOL_CONFIG', 'the oauth2 credential has no `token_url`');
    const answer = await this.#fetch(
      {
        url,
        method: field(data, 'method') ?? 'POST',
        headers: mappingSetting(data, 'headers') ?? {},
        ...bodyOf(data),
      },
      signal,
    );
    const token = isJsonObject(answer) ? answer['data'] : undefined;
    if (isJsonObject(token) && typeof token['access_token'] === 'string') return token as Token;
    throw new NoetlError('HTTP_FAILED', `the token endpoint ${url} gave no access_token`, { kind: 'auth' });
  }
}

/** A body written out (`data`, `json`, `form`), or the fields of the client credentials grant. */
function bodyOf(data: JsonObject): JsonObject {
  const json = data['json'];
  if (json !== undefined) return { json };
  const form = mappingSetting(data, 'data', 'form', 'body');
  if (form) {
    const wantsJson = JSON.stringify(data['headers'] ?? {})
      .toLowerCase()
      .includes('application/json');
    return wantsJson ? { json: form } : { form };
  }
  const fields: JsonObject = { grant_type: field(data, 'grant_type') ?? 'client_credentials' };
  for (const name of [
    'client_id',
    'client_secret',
    'refresh_token',
    'scope',
    'audience',
    'username',
    'password',
  ]) {
    const value = field(data, name);
    if (value !== undefined) fields[name] = value;
  }
  return { form: fields };
}
