/**
 * Without authentication the api is on a loopback address only; there it answers only to requests that name it by a loopback name and
 * that no foreign web page has sent (DNS rebinding, cross-site posts).
 */
import { isIPv4 } from 'node:net';
import type { RequestHandler } from 'express';
import { NoetlError } from '@noetl/protocol';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host) || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

export const loopbackOnly: RequestHandler = (request, _, next) => {
  const host = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
  const { origin } = request.headers;
  // A sandboxed frame of any page has the origin "null": it is foreign, too.
  const foreign = origin !== undefined && !LOOPBACK.has(hostOf(origin));
  if (LOOPBACK.has(host) && !foreign) {
    next();
    return;
  }
  throw new NoetlError(
    'HOST_REFUSED',
    `this server answers to localhost only, not to "${foreign ? origin : host}"`,
  );
};

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).hostname : origin;
}
