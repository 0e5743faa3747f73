/** Errors at the edge: codes of the registry as RFC 9457 problems. Nothing internal leaves the process. */
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { errorInfo, NoetlError, type ErrorCategory } from '@noetl/protocol';
import { PlaybookError } from '@noetl/playbook';
import type { Log } from '@noetl/service';

const STATUS: Record<ErrorCategory, number> = {
  invalid: 400,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  failed: 422,
  unavailable: 503,
  bug: 500,
};

const RETRY_AFTER_S = 2;

/** Connection failures of pg and of the system, and Postgres shutting down or starting. */
const UNAVAILABLE = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|57P0|57014|08|53)/;

/** Values that Postgres cannot hold or read: the request's fault. */
const UNSTORABLE = /^(22021|22P05|22P02)$/;

export function problems(log: Log): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    if (response.headersSent) {
      next(thrown);
      return;
    }
    const error = translated(thrown);
    const status = error.code === 'MEDIA_TYPE' ? 415 : STATUS[error.category];
    if (status >= 500) log.error('a request failed', { path: request.path, error: thrown });
    if (status === 503) response.set('Retry-After', String(RETRY_AFTER_S));
    sendProblem(request, response, status, error, thrown);
  };
}

export const unknownRoute: RequestHandler = (request) => {
  throw new NoetlError('ROUTE_UNKNOWN', `there is no ${request.method} ${request.path}`);
};

function sendProblem(
  request: Request,
  response: Response,
  status: number,
  error: NoetlError,
  thrown: unknown,
): void {
  const { code, message, hint, place, details } = error.toInfo();
  const faults = thrown instanceof PlaybookError ? { faults: thrown.faults } : {};
  response
    .status(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `urn:noetl:error:${code}`,
        title: code,
        status,
        code,
        detail: message,
        hint,
        ...(place && { place }),
        ...(details && { details }),
        ...faults,
        instance: request.originalUrl,
      }),
    );
}

function translated(thrown: unknown): NoetlError {
  if (thrown instanceof NoetlError) return thrown;
  const { code, message, type, status } = thrown as Record<'code' | 'message' | 'type' | 'status', unknown>;
  if (type === 'entity.too.large') return new NoetlError('BODY_TOO_LARGE', 'the body is larger than 1 MiB');
  if (type === 'encoding.unsupported' || type === 'charset.unsupported') {
    return new NoetlError('MEDIA_TYPE', `${String(message)}; send UTF-8`);
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new NoetlError('BODY_INVALID', String(message));
  }
  if (typeof code === 'string' && UNSTORABLE.test(code)) {
    return new NoetlError('BODY_INVALID', `a value cannot be stored: ${String(message)}`);
  }
  const down = /timeout exceeded when trying to connect|Connection terminated|CONNECTION_|TIMEOUT/.test(
    String(message),
  );
  if (down || (typeof code === 'string' && UNAVAILABLE.test(code))) {
    return new NoetlError('SERVICE_UNAVAILABLE', 'Postgres or NATS does not answer', { cause: thrown });
  }
  return new NoetlError(
    'INTERNAL',
    errorInfo(thrown).code === 'INTERNAL' ? 'the request could not be completed' : String(message),
    { cause: thrown },
  );
}
