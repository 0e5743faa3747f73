/**
 * Secrets of one worker: credentials opened when a step asks for them, kept for a moment, and their values, so that
 * none of them gets into what is stored.
 */
import { LRUCache } from 'lru-cache';
import { NoetlError, type ErrorInfo, type JsonObject } from '@noetl/protocol';
import { readCredential, type Sealer, type Store } from '@noetl/store';
import type { Credential } from '@noetl/tools';

/** A changed credential is used after at most this long. */
const KEPT_MS = 15_000;
/** Shorter values are no secrets, and replacing them would spoil results. */
const SECRET_MIN_LENGTH = 6;
/** Their passwords go to a server and come back at most in an error. */
const CONNECTIONS = new Set(['postgres', 'nats', 'duckdb', 'snowflake']);
const SECRET_FIELDS = /pass|secret|token|key|credential|dsn|url$/i;
/** Facts that stand beside secrets, and are none: hiding them would spoil results that happen to hold the same words. */
const PLAIN_FIELDS =
  /^(db_|sf_|nats_|pg_)?(host|hostname|port|user|username|login|name|database|dbname|schema|sslmode|warehouse|account|role|region|type|token_type|scope|expires_in|expires_at)$/i;
const HIDDEN = '[REDACTED]';

export class Credentials {
  readonly #kept: LRUCache<string, Credential>;

  constructor(store: Store, sealer: Sealer) {
    this.#kept = new LRUCache<string, Credential>({
      max: 500,
      ttl: KEPT_MS,
      fetchMethod: async (name) => {
        const found = await readCredential(store, sealer, name);
        if (found) return found;
        throw new NoetlError('CREDENTIAL_UNKNOWN', `there is no credential "${name}"`);
      },
    });
  }

  get(name: string): Promise<Credential> {
    return this.#kept.forceFetch(name);
  }
}

/** What one command has seen of secrets. */
export class Redactor {
  readonly #everywhere = new Set<string>();
  readonly #inErrors = new Set<string>();

  /** A credential handed to a tool. */
  learn({ type, data }: Credential): void {
    const target = CONNECTIONS.has(type) ? this.#inErrors : this.#everywhere;
    for (const [name, value] of Object.entries(data)) {
      if (typeof value === 'string' && SECRET_FIELDS.test(name)) remember(target, value);
    }
  }

  /** A value that templates may print: it must not come back in a result. */
  learnValue(value: unknown): void {
    if (typeof value === 'string') remember(this.#everywhere, value);
    else if (typeof value === 'object' && value !== null)
      for (const [name, item] of Object.entries(value)) if (!PLAIN_FIELDS.test(name)) this.learnValue(item);
  }

  /** JSON text or prints of a result. */
  result(text: string): string {
    return hidden(text, this.#everywhere);
  }

  /** Variables that a command has written. */
  vars(written: JsonObject): JsonObject {
    if (this.#everywhere.size === 0) return written;
    return JSON.parse(this.result(JSON.stringify(written))) as JsonObject;
  }

  error(error: ErrorInfo): ErrorInfo {
    if (this.#everywhere.size + this.#inErrors.size === 0) return error;
    const all = new Set([...this.#everywhere, ...this.#inErrors]);
    const details = error.details && (JSON.parse(hidden(JSON.stringify(error.details), all)) as JsonObject);
    return { ...error, message: hidden(error.message, all), ...(details && { details }) };
  }
}

function remember(target: Set<string>, value: string): void {
  if (value.length < SECRET_MIN_LENGTH) return;
  const spellings = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)];
  spellings.push(Buffer.from(value).toString('base64'));
  for (const spelling of spellings) target.add(spelling);
}

function hidden(text: string, secrets: Set<string>): string {
  let clean = text;
  for (const secret of secrets) {
    if (clean.includes(secret)) clean = clean.replaceAll(secret, HIDDEN);
  }
  return clean;
}
