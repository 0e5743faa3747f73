/** What DuckDB complains about, as errors of the registry. */
import { NoetlError, type ErrorKind, type JsonObject } from '@noetl/protocol';

const KINDS: [RegExp, ErrorKind, retryable: boolean][] = [
  [/^Parser Error/, 'parse', false],
  [/^(Catalog|Binder) Error/, 'schema', false],
  [/^Constraint Error/, 'db_constraint', false],
  [/^TransactionContext Error|write-write conflict|Conflict on/i, 'db_deadlock', true],
  [/Could not set lock on file/, 'db_connection', true],
  [/^(Conversion|Invalid Input|Out of Range) Error/, 'transform', false],
];
const EXTENSION = /(?:download extension|Extension|required extension|load the extension) ["']([^"']+)["']/;

/** `secrets` are cut out of the message. */
export function failureOf(error: unknown, secrets: string[], details: JsonObject = {}): NoetlError {
  if (error instanceof NoetlError) return error;
  const message = redacted(String(error).replace(/^Error: (Failed to extract statements: )?/, ''), secrets);
  const extension = EXTENSION.exec(message)?.[1]?.replace(/^.*\/|\.duckdb_extension$/g, '');
  if (extension !== undefined) return extensionMissing(extension, message);
  const known = KINDS.find(([pattern]) => pattern.test(message));
  return new NoetlError('SQL_FAILED', message, {
    kind: known?.[1] ?? 'unknown',
    retryable: known?.[2] ?? false,
    details,
  });
}

function extensionMissing(extension: string, message: string): NoetlError {
  const text = `the DuckDB extension "${extension}" is not installed and cannot be downloaded`;
  return new NoetlError('TOOL_UNAVAILABLE', text, {
    kind: 'connection',
    hint: `Let the worker reach extensions.duckdb.org, or run \`INSTALL ${extension}\` once with network access and the same HOME.`,
    details: { reason: message.slice(0, 500) },
  });
}

function redacted(text: string, secrets: string[]): string {
  return secrets.reduce((result, secret) => result.replaceAll(secret, '***'), text);
}
