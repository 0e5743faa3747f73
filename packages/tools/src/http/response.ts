/** Answers of HTTP servers as values and as errors. */
import { NoetlError, type ErrorKind, type Json, type JsonObject } from '@noetl/protocol';
import type { Response } from 'undici';
import { FailedWith } from '../item-tool.ts';

const BODY_MAX_BYTES = 64 * 1024 * 1024;
const EXCERPT = 300;

/** {status_code, headers, url, elapsed, data, body}; `data` and `body` are the same. Throws FailedWith from 400 on. */
export async function envelopeOf(response: Response, method: string, elapsedMs: number): Promise<JsonObject> {
  const headers = Object.fromEntries(response.headers);
  const data = await bodyOf(response);
  const envelope: JsonObject = {
    status_code: response.status,
    headers,
    url: response.url,
    elapsed: Math.round(elapsedMs) / 1000,
    data,
    body: data,
  };
  if (response.status < 400) return envelope;
  throw new FailedWith(statusError(response, method, data), envelope);
}

function statusError(response: Response, method: string, data: Json): NoetlError {
  const { status, url } = response;
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  const excerpt = text.slice(0, EXCERPT);
  const kind = kindOf(status);
  const wait = Number(response.headers.get('retry-after'));
  const details: JsonObject = {
    http_status: status,
    status,
    body: excerpt,
    ...(Number.isFinite(wait) && wait > 0 && { retry_after: wait }),
  };
  const retryable = kind === 'rate_limit' || kind === 'server_error' || kind === 'timeout';
  const message = `HTTP ${String(status)} for ${method} ${url}: ${excerpt}`;
  return new NoetlError('HTTP_STATUS', message, { kind, retryable, details });
}

function kindOf(status: number): ErrorKind {
  if (status === 429) return 'rate_limit';
  if (status === 401 || status === 403) return 'auth';
  if (status === 404) return 'not_found';
  if (status === 408) return 'timeout';
  return status >= 500 ? 'server_error' : 'client_error';
}

/** JSON as what it says, text as text, anything else as base64. */
async function bodyOf(response: Response): Promise<Json> {
  const bytes = await limited(response);
  const type = response.headers.get('content-type') ?? '';
  const text = bytes.toString('utf8');
  if (/json/i.test(type) || /^\s*[[{]/.test(text)) {
    try {
      return JSON.parse(text) as Json;
    } catch {
      return text;
    }
  }
  const isBinary = /^(image|audio|video|font)\/|octet-stream|zip|pdf/i.test(type);
  return isBinary ? bytes.toString('base64') : text;
}

async function limited(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    size += bytes.length;
    if (size > BODY_MAX_BYTES)
      throw new NoetlError('RESULT_TOO_LARGE', `the answer of ${response.url} is larger than 64 MiB`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
