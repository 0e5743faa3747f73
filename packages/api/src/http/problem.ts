/** Errors at the edge: codes of the registry as RFC 9457 problems. Nothing internal leaves the process. */
import type { ErrorRequestHandler, Request, Response } from 'express';
import { errorInfo, NoetlError, type ErrorCategory, type ErrorCode } from '@noetl/protocol';
import { PlaybookError } from '@noetl/playbook';
import type { Log } from '@noetl/service';
import { requestIdOf } from './request-id.ts';

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

/** Codes with a status of their own. */
const SPECIAL: Partial<Record<ErrorCode, number>> = {
  MEDIA_TYPE: 415,
  OVERLOADED: 429,
  METHOD_WRONG: 405,
  VALUE_MISSING: 404,
  AUTH_REQUIRED: 401,
  TOKEN_INVALID: 401,
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
    const status = SPECIAL[error.code] ?? STATUS[error.category];
    const request_id = requestIdOf(response);
    if (status >= 500) log.error('a request failed', { request_id, path: request.path, error: thrown });
    if (status === 401) response.set('WWW-Authenticate', challenge(error));
    if (status === 503 || status === 429) response.set('Retry-After', String(RETRY_AFTER_S));
    sendProblem(request, response, status, error, thrown);
  };
}

/** RFC 6750: how to come in. */
function challenge({ code }: NoetlError): string {
  return code === 'TOKEN_INVALID' ? 'Bearer realm="noetl", error="invalid_token"' : 'Bearer realm="noetl"';
}

/** Nothing answers: 405 with the methods that the path has, or 404. */
export function notServed(
  { method, path, originalUrl }: Request,
  response: Response,
  methods: string[],
): NoetlError {
  if (methods.length === 0) return new NoetlError('ROUTE_UNKNOWN', `there is no ${method} ${path}`);
  const allowed = methods.join(', ');
  response.set('Allow', allowed);
  return new NoetlError('METHOD_WRONG', `${originalUrl} takes ${allowed}, not ${method}`);
}

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
        request_id: requestIdOf(response),
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
