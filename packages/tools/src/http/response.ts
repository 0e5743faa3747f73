/** Answers of HTTP servers as values and as errors. */
import { NoetlError, type ErrorKind, type Json, type JsonObject } from '@noetl/protocol';
import type { Response } from 'undici';
import { FailedWith } from '../item-tool.ts';

/** After decompression. */
const BODY_MAX_BYTES = 10 * 1024 * 1024;
const EXCERPT = 300;
const BINARY = /^(image|audio|video|font)\/(?!svg)|octet-stream|zip|pdf/i;

/** The request behind an answer, as it may be told. */
export interface AskedFor {
  method: string;
  url: string;
  elapsedMs: number;
}

/** {status_code, headers, url, elapsed, data, body}; `data` and `body` are the same. Throws FailedWith from 400 on. */
export async function envelopeOf(response: Response, asked: AskedFor): Promise<JsonObject> {
  const headers: Record<string, string> = {};
  for (const [name, value] of response.headers)
    headers[name] = name in headers ? `${headers[name] ?? ''}, ${value}` : value;
  const data = await bodyOf(response, asked.url);
  const envelope: JsonObject = {
    status_code: response.status,
    headers,
    url: asked.url,
    elapsed: Math.round(asked.elapsedMs) / 1000,
    data,
    body: data,
  };
  if (response.status < 400) return envelope;
  throw new FailedWith(statusError(response, asked, data), envelope);
}

function statusError(response: Response, { method, url }: AskedFor, data: Json): NoetlError {
  const { status } = response;
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  const excerpt = text.slice(0, EXCERPT);
  const kind = kindOf(status);
  const wait = secondsToWait(response.headers.get('retry-after'));
  const details: JsonObject = {
    http_status: status,
    status,
    body: excerpt,
    ...(wait > 0 && { retry_after: wait }),
  };
  const retryable = kind === 'rate_limit' || kind === 'server_error' || kind === 'timeout';
  const message = `HTTP ${String(status)} for ${method} ${url}: ${excerpt}`;
  return new NoetlError('HTTP_STATUS', message, { kind, retryable, details });
}

/** Retry-After is a number of seconds, or a date. */
function secondsToWait(written: string | null): number {
  if (written === null) return 0;
  const seconds = /^\s*\d+\s*$/.test(written)
    ? Number(written)
    : Math.ceil((Date.parse(written) - Date.now()) / 1000);
  return Number.isFinite(seconds) ? seconds : 0;
}

function kindOf(status: number): ErrorKind {
  if (status === 429) return 'rate_limit';
  if (status === 401 || status === 403) return 'auth';
  if (status === 404) return 'not_found';
  if (status === 408) return 'timeout';
  return status >= 500 ? 'server_error' : 'client_error';
}

/** JSON as what it says, text as text, anything else as base64. */
async function bodyOf(response: Response, url: string): Promise<Json> {
  const bytes = await limited(response, url);
  const type = response.headers.get('content-type') ?? '';
  const text = BINARY.test(type) ? undefined : decoded(bytes, type);
  if (text === undefined) return bytes.toString('base64');
  if (/json/i.test(type) || /^\s*[[{]/.test(text)) {
    try {
      return JSON.parse(text) as Json;
    } catch {
      return text;
    }
  }
  return text;
}

/** Undefined when the bytes are no text that can be stored. */
function decoded(bytes: Buffer, type: string): string | undefined {
  const charset = /charset="?([\w-]+)/i.exec(type)?.[1] ?? 'utf-8';
  try {
    const text = new TextDecoder(charset, { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

async function limited(response: Response, url: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    size += bytes.length;
    if (size > BODY_MAX_BYTES)
      throw new NoetlError('RESULT_TOO_LARGE', `the answer of ${url} is larger than 10 MiB`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
