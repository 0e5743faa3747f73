/** Errors of Postgres as errors of ours, with the class that policy rules decide on. */
import { NoetlError, type ErrorKind, type JsonObject } from '@noetl/protocol';

/** By the first characters of the SQLSTATE; the longest that matches counts. */
const KINDS: [prefix: string, kind: ErrorKind, retryable: boolean][] = [
  ['40001', 'db_deadlock', true],
  ['40P01', 'db_deadlock', true],
  ['57014', 'db_timeout', true],
  ['57P', 'db_connection', true],
  ['08', 'db_connection', true],
  ['53', 'db_connection', true],
  ['28', 'auth', false],
  ['23', 'db_constraint', false],
  ['42', 'schema', false],
  ['22', 'transform', false],
];

const SYNTAX_ERROR = '42601';
const BOUND_HINT =
  'Expressions are bound as values. Names go in with `| identifier`, SQL of your own with `| sqlsafe`.';

export function sqlError(thrown: unknown, statement?: string): NoetlError {
  if (thrown instanceof NoetlError) return thrown;
  const error = thrown as Error & { code?: string; detail?: string; hint?: string; position?: string };
  const code = typeof error.code === 'string' ? error.code : '';
  const system = /^E[A-Z]+$/.test(code) || /timeout exceeded|terminated|Connection/i.test(error.message);
  const known = KINDS.find(([prefix]) => code.startsWith(prefix));
  const kind = known?.[1] ?? (system ? 'db_connection' : 'unknown');
  const details: JsonObject = {
    ...(code !== '' && { pg_code: code }),
    ...(error.detail !== undefined && { detail: error.detail }),
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(statement !== undefined && { statement: statement.slice(0, 500) }),
  };
  const message = error.message === '' ? `the database does not answer (${code})` : error.message;
  return new NoetlError('SQL_FAILED', message, {
    kind,
    retryable: known?.[2] ?? system,
    ...(code === SYNTAX_ERROR && /\$\d/.test(statement ?? '') && { hint: BOUND_HINT }),
    details,
    cause: thrown,
  });
}
