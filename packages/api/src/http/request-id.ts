/** A name for each request: the caller's own when it is well-formed, else a new one; in the answer and in the log. */
import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import type { Log } from '@noetl/service';

const WELL_FORMED = /^[\w.:/-]{1,128}$/;

export function requestIds(log: Log): RequestHandler {
  return (request, response, next) => {
    const given = request.get('x-request-id');
    const id = given !== undefined && WELL_FORMED.test(given) ? given : randomUUID();
    response.setHeader('X-Request-Id', id);
    const startedAt = performance.now();
    response.on('finish', () => {
      const { method, path } = request;
      const duration_ms = Math.round(performance.now() - startedAt);
      const { statusCode: status } = response;
      log.log(status >= 500 ? 'warn' : 'debug', 'request', {
        request_id: id,
        method,
        path,
        status,
        duration_ms,
      });
    });
    next();
  };
}

export function requestIdOf(response: Response): string {
  return String(response.getHeader('X-Request-Id') ?? '');
}
