/** What NATS answers and where it stays silent, as errors of the registry. */
import { NatsError } from 'nats';
import { NoetlError, type ErrorKind } from '@noetl/protocol';

const KINDS: Record<string, ErrorKind> = {
  CONNECTION_REFUSED: 'connection',
  CONNECTION_CLOSED: 'connection',
  CONNECTION_DRAINING: 'connection',
  CONNECTION_TIMEOUT: 'connection',
  DISCONNECT: 'connection',
  TIMEOUT: 'timeout',
  AUTHORIZATION_VIOLATION: 'auth',
  AUTHENTICATION_EXPIRED: 'auth',
  AUTHENTICATION_TIMEOUT: 'auth',
  BAD_AUTHENTICATION: 'auth',
  BAD_CREDS: 'auth',
  PERMISSIONS_VIOLATION: 'auth',
  ACCOUNT_EXPIRED: 'auth',
};
const PASSES = new Set<ErrorKind>(['connection', 'timeout']);

/** `down`: the connection is away at this moment, so that silence means that. */
export function failureOf(error: unknown, down: boolean): unknown {
  if (!(error instanceof NatsError)) return error;
  const { code, message, api_error } = error;
  if (api_error?.code === 404) return notFound(message, error);
  if (code === '503') {
    const hint = 'Check that JetStream is on, and that a stream takes this subject.';
    return new NoetlError('TOOL_FAILED', 'NATS: nobody takes this', {
      kind: 'not_found',
      hint,
      cause: error,
    });
  }
  const kind = down ? 'connection' : (KINDS[code] ?? 'unknown');
  return new NoetlError(kind === 'timeout' ? 'TOOL_TIMEOUT' : 'TOOL_FAILED', `NATS: ${message}`, {
    kind,
    retryable: PASSES.has(kind),
    cause: error,
    details: { nats_code: code },
    ...(kind === 'connection' && { hint: 'Check nats_url of the credential, and that the server answers.' }),
    ...(kind === 'auth' && { hint: 'Check the user, password or token of the credential.' }),
  });
}

/** No connection came about: refused, or for whatever reason not made. */
export function openingFailure(error: unknown): unknown {
  if (error instanceof NatsError && KINDS[error.code] === 'auth') return failureOf(error, false);
  const reason = error instanceof NatsError ? error.message : String(error);
  return new NoetlError('TOOL_FAILED', `NATS does not answer: ${reason}`, {
    kind: 'connection',
    retryable: true,
    hint: 'Check nats_url of the credential, and that the server answers.',
    cause: error,
  });
}

export function notFound(message: string, cause?: unknown): NoetlError {
  return new NoetlError('TOOL_FAILED', `NATS: ${message}`, {
    kind: 'not_found',
    hint: 'Check the names of bucket, stream and subject.',
    cause,
  });
}

export function isNotFound(error: unknown): boolean {
  return error instanceof NatsError && error.api_error?.code === 404;
}
