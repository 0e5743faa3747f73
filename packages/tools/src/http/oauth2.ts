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
const ASK_TIMEOUT_MS = 60_000;

export class TokenSource {
  readonly #fetch: Fetcher;
  readonly #kept = new LRUCache<string, Promise<Token>>({ max: KEPT_MAX });

  constructor(fetch: Fetcher) {
    this.#fetch = fetch;
  }

  /** `data`: a credential or a keychain entry: `endpoint|token_url`, and client credentials or a ready request. */
  async token(data: JsonObject, signal: AbortSignal): Promise<Token> {
    const key = keyOf(data);
    const asking = this.#kept.get(key) ?? this.#start(key, data);
    return abandoned(asking, signal);
  }

  /** For a token that was refused before its time. */
  forget(data: JsonObject): void {
    this.#kept.delete(keyOf(data));
  }

  /** Others wait for the same token: it is not fetched on the time of whoever came first. */
  #start(key: string, data: JsonObject): Promise<Token> {
    const asking = this.#ask(data, AbortSignal.timeout(ASK_TIMEOUT_MS));
    this.#kept.set(key, asking, { ttl: ASK_TIMEOUT_MS });
    asking.then(
      (token) => this.#kept.set(key, asking, { ttl: lifeMs(token) }),
      () => this.#kept.delete(key),
    );
    return asking;
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
    const given = isJsonObject(token) ? (token['access_token'] ?? token['id_token']) : undefined;
    if (isJsonObject(token) && typeof given === 'string') return { ...token, access_token: given };
    throw new NoetlError('HTTP_FAILED', `the token endpoint ${url} gave no access_token`, { kind: 'auth' });
  }
}

function keyOf(data: JsonObject): string {
  return createHash('sha256').update(JSON.stringify(data)).digest('hex');
}

/** How long a token is used; one that ends soon for half its life. */
function lifeMs(token: Token): number {
  const told = Number(token['expires_in'] ?? LIFE_DEFAULT_S);
  const life = told > 0 ? told : LIFE_DEFAULT_S;
  return Math.ceil(Math.max(life / 2, life - RENEW_EARLY_S) * 1000);
}

/** The promise, or the reason of `signal` when that comes first. */
function abandoned<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });
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
