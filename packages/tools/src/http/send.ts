/** One request on its way: redirects, and further attempts where the playbook wants them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { NoetlError, type ErrorKind, type Json, type JsonObject } from '@noetl/protocol';
import { OutboundRefused } from '@noetl/service';
import { fetch, type Dispatcher, type Response } from 'undici';
import { FailedWith } from '../item-tool.ts';
import { booleanSetting, mappingSetting, numberSetting } from '../settings.ts';
import type { Permit } from '../tool.ts';
import { urlOf, type HttpRequest } from './request.ts';
import { envelopeOf } from './response.ts';

const REDIRECTS_MAX = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const TRIED_AGAIN = new Set([429, 500, 502, 503, 504]);
/** A certificate that is not accepted now will not be accepted later. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_OSSL/;

export interface Way {
  dispatcher: Dispatcher;
  /** Base URLs that are reached at another address. */
  hosts: Record<string, string>;
  signal: AbortSignal;
  permit?: Permit | undefined;
}

/** The envelope of the answer. Throws FailedWith from status 400 on, HTTP_FAILED when there is no answer. */
export async function send(request: HttpRequest, config: JsonObject, way: Way): Promise<Json> {
  const delays = delaysOf(mappingSetting(config, 'retry'));
  const follow = booleanSetting(config, true, 'follow_redirects', 'allow_redirects');
  for (;;) {
    try {
      const startedAt = performance.now();
      const { response, method, url } = await follows(request, follow ? REDIRECTS_MAX : 0, way);
      const elapsedMs = performance.now() - startedAt;
      return await envelopeOf(response, { method, url: shown(url, request), elapsedMs });
    } catch (error) {
      way.signal.throwIfAborted();
      const failure = told(error, request);
      const details = failure instanceof FailedWith ? failure.failure.details : undefined;
      const wanted = details?.['retry_after'];
      if (details?.['http_status'] === 429 && typeof wanted === 'number') way.permit?.pause(wanted * 1000);
      const delayMs = isWorthRetrying(failure) ? delays.shift() : undefined;
      if (delayMs === undefined) throw failure;
      const waitMs = typeof wanted === 'number' ? Math.max(delayMs, wanted * 1000) : delayMs;
      const pause = (): Promise<void> => sleep(waitMs, undefined, { signal: way.signal });
      await (way.permit ? way.permit.renew(pause) : pause());
    }
  }
}

/** Follows as a browser does; secrets stay at the origin that they are meant for. */
async function follows(
  first: HttpRequest,
  redirectsMax: number,
  { dispatcher, hosts, signal }: Way,
): Promise<{ response: Response; method: string; url: URL }> {
  let { method, url, body } = first;
  const headers = new Headers(first.headers);
  for (let left = redirectsMax; ; left -= 1) {
    const sent = { ...(body !== undefined && { body }) };
    const response = await fetch(url, {
      method,
      headers: [...headers],
      redirect: 'manual',
      dispatcher,
      signal,
      ...sent,
    });
    const place = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
    if (place === null || redirectsMax === 0) return { response, method, url };
    if (left === 0)
      throw new NoetlError('HTTP_FAILED', `more than ${String(redirectsMax)} redirects`, {
        retryable: false,
      });
    await response.body?.cancel();
    const next = urlOf(new URL(place, url).href, hosts);
    if (next.origin !== url.origin) for (const name of first.secret) headers.delete(name);
    const becomesGet = response.status === 303 || (response.status < 303 && method === 'POST');
    if (becomesGet && method !== 'HEAD') {
      method = 'GET';
      body = undefined;
      headers.delete('content-type');
    }
    url = next;
  }
}

/** Without keys in the query. */
function shown(url: URL, { hidden }: HttpRequest): string {
  const told = new URL(url);
  for (const name of hidden) if (told.searchParams.has(name)) told.searchParams.set(name, '***');
  return told.href;
}

function told(thrown: unknown, request: HttpRequest): NoetlError | FailedWith {
  if (thrown instanceof FailedWith || thrown instanceof NoetlError) return thrown;
  const cause = (thrown as Error).cause ?? thrown;
  if (cause instanceof OutboundRefused) {
    const message = `${request.method} ${shown(request.url, request)} is not allowed: ${cause.message}`;
    return new NoetlError('HTTP_REFUSED', message, {
      kind: 'client_error',
      hint: cause.hint,
      retryable: false,
    });
  }
  const { message, code } = cause as { message?: string; code?: string };
  const kind: ErrorKind = /TIMEOUT|TIMEDOUT/.test(code ?? '') ? 'timeout' : 'connection';
  const reason = message === undefined || message === '' ? (code ?? 'no answer') : message;
  return new NoetlError('HTTP_FAILED', `${request.method} ${shown(request.url, request)} failed: ${reason}`, {
    kind,
    retryable: !CERTIFICATE.test(code ?? ''),
    ...(code !== undefined && { details: { code } }),
    cause: thrown,
  });
}

function isWorthRetrying(failure: NoetlError | FailedWith): boolean {
  if (failure instanceof NoetlError) return failure.retryable;
  return TRIED_AGAIN.has(Number(failure.failure.details?.['http_status']));
}

/** Milliseconds before each further attempt. */
function delaysOf(retry: JsonObject | undefined): number[] {
  if (!retry) return [];
  const attempts = numberSetting(retry, 'max_attempts', 'attempts') ?? 3;
  const initial = numberSetting(retry, 'initial_delay', 'delay') ?? 0.5;
  const factor = numberSetting(retry, 'backoff_multiplier', 'backoff_factor') ?? 2;
  const most = numberSetting(retry, 'max_delay') ?? 30;
  return Array.from(
    { length: Math.min(100, Math.max(0, attempts - 1)) },
    (_, index) => Math.min(most, initial * factor ** index) * 1000,
  );
}
