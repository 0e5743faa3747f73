/**
 * The error registry: every error a user can meet, with a stable code and the next action.
 * Domain code throws {@link NoetlError}; the api maps the category to an HTTP status at its edge.
 */
import { jsonFault, type JsonObject } from './json.ts';

export type ErrorCategory =
  'invalid' | 'not_found' | 'forbidden' | 'conflict' | 'too_large' | 'unavailable' | 'failed' | 'bug';

interface ErrorSpec {
  category: ErrorCategory;
  retriable: boolean;
  /** What to do next, for people. */
  hint: string;
}

export const ERRORS = {
  // Playbooks
  YAML_SYNTAX: spec('invalid', 'Fix the YAML at the line and column given.'),
  YAML_LIMIT: spec('invalid', 'Use fewer aliases, less nesting or a smaller document.'),
  YAML_NEWLINES_LOST: spec(
    'invalid',
    'curl -d strips newlines. Send the file with: curl --data-binary @playbook.yaml -H "Content-Type: application/yaml" …',
  ),
  PLAYBOOK_INVALID: spec('invalid', 'Correct the key or value at the place given.'),
  PLAYBOOK_KIND: spec('invalid', 'Only documents of kind Playbook can be executed.'),
  TOOL_REQUIRED: spec('invalid', 'Give the step a tool, for example `tool: {kind: noop}`.'),
  TOOL_KIND_UNKNOWN: spec('invalid', 'Use one of the tool kinds listed in the message.'),
  STEP_DUPLICATE: spec('invalid', 'Give each step a name of its own.'),
  STEP_UNKNOWN: spec('invalid', 'Point `next` to a step of this playbook.'),
  NEXT_FORM: spec('invalid', 'Use `next: {arcs: [{step, when}]}` for conditional routing.'),
  KEY_FORBIDDEN: spec('invalid', 'Rename the key: __proto__, constructor and prototype are not allowed.'),
  // Templates
  TEMPLATE_SYNTAX: spec('invalid', 'Correct the expression at the place given.'),
  TEMPLATE_ERROR: spec('failed', 'Check the expression and the values it uses.'),
  TEMPLATE_BUDGET: spec('failed', 'Do the heavy work in a python step; templates are for small expressions.'),
  VALUE_TOO_LARGE: spec(
    'failed',
    'Pass the value to a code step as a whole instead of looking into it here.',
  ),
  CTX_TOO_LARGE: spec(
    'failed',
    'Do not collect results in ctx; use the loop result (`{{ <step>.results }}`).',
  ),
  // Loops
  LOOP_NOT_ITERABLE: spec('failed', 'loop.in must give a list, an object, a number or JSON text of a list.'),
  LOOP_TOO_LARGE: spec('failed', 'Split the collection: a loop takes at most 10,000,000 items.'),
  LOOP_FAILED: spec('failed', 'See the failed items; set loop.spec.policy.on_error: continue to go on.'),
  // Tools
  TOOL_FAILED: spec('failed', 'See the message of the tool.'),
  TOOL_UNAVAILABLE: spec('failed', 'Install or configure what the message names.'),
  TOOL_FORBIDDEN: spec('forbidden', 'Ask the operator to allow it for the pool: NOETL_TOOLS_ALLOWED.'),
  TOOL_CONFIG: spec('failed', 'Correct the configuration of the tool.'),
  TOOL_TIMEOUT: spec('failed', 'Raise `timeout` or make the work smaller.', true),
  RUNNER_CRASHED: spec('failed', 'The code ended its process (exit, out of memory or signal).', true),
  CODE_EXCEPTION: spec('failed', 'Fix the code at the line given.'),
  CODE_SYNTAX: spec('failed', 'Fix the syntax of the code at the line given.'),
  RESULT_NOT_STORABLE: spec('failed', 'Return JSON without \\u0000, lone surrogates or extreme nesting.'),
  RESULT_TOO_LARGE: spec('failed', 'Return less than 10 MiB per item, or write the data elsewhere.'),
  SQL_UNSAFE: spec(
    'failed',
    'Put a name in with `| identifier`, SQL of your own with `| sqlsafe`; data belongs where a value may stand.',
  ),
  SQL_FAILED: spec('failed', 'Correct the statement, or see the database error code in the details.'),
  HTTP_STATUS: spec('failed', 'See the status and the body of the answer in the details.'),
  HTTP_REFUSED: spec('failed', 'If playbooks may reach the address, add it to NOETL_HTTP_ALLOW.'),
  HTTP_FAILED: spec('failed', 'Check the URL, and that the host answers.', true),
  CHILD_FAILED: spec('failed', 'See the child execution: GET /api/executions/<id>.'),
  CREDENTIAL_UNKNOWN: spec('failed', 'Create it: POST /api/credentials {name, type, data}.'),
  CREDENTIAL_NOT_GRANTED: spec(
    'failed',
    'Write its name into the playbook, or hand it over in a workload key that `auth` names; data cannot choose credentials.',
  ),
  CREDENTIAL_INVALID: spec('invalid', 'Correct the fields of the credential that the message names.'),
  ENCRYPTION_KEY_MISSING: spec(
    'unavailable',
    'Set NOETL_ENCRYPTION_KEY, or NOETL_ENCRYPTION_KEY_FILE, to 32 random bytes in base64 (openssl rand -base64 32), the same in every process.',
  ),
  SEALED_DATA_INVALID: spec(
    'failed',
    'Store it again: POST /api/credentials. Then find out who changed the row in the database.',
  ),
  KEYCHAIN_UNKNOWN: spec('failed', 'Add the entry to `keychain` of the playbook.'),
  KEYCHAIN_NOT_FOUND: spec('not_found', 'List the entries: GET /api/keychain/catalog/<catalog id>.'),
  VALUE_MISSING: spec('failed', 'The stored value has expired or was never written.'),
  // API
  SQL_REFUSED: spec('forbidden', 'Read tables here; for everything else use a step with the postgres tool.'),
  SQL_ENDPOINT_OFF: spec('forbidden', 'Set NOETL_SQL_ENDPOINT=on to allow read-only SQL over HTTP.'),
  VAR_UNKNOWN: spec('not_found', 'List the variables: GET /api/vars/<execution id>.'),
  EXECUTION_ENDED: spec('conflict', 'Start another execution; this one has ended.'),
  RESULT_UNKNOWN: spec('not_found', 'Name a step of this execution that has ended.'),
  CREDENTIAL_NOT_FOUND: spec('not_found', 'List the credentials: GET /api/credentials.'),
  WEBHOOK_UNKNOWN: spec('not_found', 'Start executions with `webhook: {url}` to be told of their end.'),
  SCHEDULE_UNKNOWN: spec('not_found', 'List the schedules: GET /api/schedules.'),
  SCHEDULE_INVALID: spec('invalid', 'Give a cron expression of five fields, or interval_seconds.'),
  LIMIT_UNKNOWN: spec('not_found', 'List the limits: GET /api/limits.'),
  BODY_TOO_LARGE: spec('too_large', 'Send at most 1 MiB.'),
  BODY_INVALID: spec('invalid', 'Send a JSON body of the documented shape.'),
  MEDIA_TYPE: spec('invalid', 'Use one of the content types listed in the message.'),
  PATH_UNKNOWN: spec('not_found', 'Register the playbook first: POST /api/catalog/register.'),
  VERSION_UNKNOWN: spec('not_found', 'List the versions: GET /api/catalog/<path>.'),
  EXECUTION_UNKNOWN: spec('not_found', 'List the executions: GET /api/executions.'),
  LOOP_UNKNOWN: spec('not_found', 'Name a loop step that this execution has entered.'),
  EXECUTION_RUNNING: spec('conflict', 'Wait for the end of the execution, or cancel it first.'),
  LOOP_RUNNING: spec('conflict', 'Wait some seconds: what ran when the execution ended is coming in.', true),
  REDRIVE_SELECTOR_EMPTY: spec(
    'invalid',
    'Name the items: `state`, `indexes`, `error_class` or `message_class`; all that are given must hold.',
  ),
  BULK_FILTER_EMPTY: spec(
    'invalid',
    'Say which executions: `status`, `path`, `catalog_id`, `since` or `until`; all that are given must hold.',
  ),
  REDRIVE_NOTHING: spec('conflict', 'See what failed: GET /api/executions/<id>/dead-letters.'),
  REDRIVE_CONFLICT: spec('conflict', 'Look at the execution again: somebody else has redriven it.'),
  REDRIVE_UNSUPPORTED: spec('invalid', 'Start the execution again: POST /api/executions/<id>/rerun.'),
  HOST_REFUSED: spec(
    'forbidden',
    'Use http://localhost, or configure authentication before opening the server.',
  ),
  AUTH_REQUIRED: spec(
    'forbidden',
    'Send a token: `Authorization: Bearer …`; with the command line: noetl login, or NOETL_TOKEN.',
  ),
  TOKEN_INVALID: spec(
    'forbidden',
    'Get a new token: noetl tokens create, or sign in again; then noetl login.',
  ),
  ACCESS_DENIED: spec('forbidden', 'Ask an admin for the role named; GET /api/whoami shows what you have.'),
  TOKEN_UNKNOWN: spec('not_found', 'List the tokens: GET /api/tokens.'),
  GRANT_INVALID: spec('invalid', 'Write viewer, operator, author or admin; with a prefix: operator:team-a/.'),
  METHOD_WRONG: spec('invalid', 'Use one of the methods in the header Allow.'),
  ROUTE_UNKNOWN: spec('not_found', 'The endpoints are listed in packages/api/README.md.'),
  IDEMPOTENCY_CONFLICT: spec('conflict', 'Use a new Idempotency-Key for a different request.'),
  SERVICE_UNAVAILABLE: spec('unavailable', 'Try again shortly; check GET /api/ready.', true),
  OVERLOADED: spec('unavailable', 'Wait for the seconds in Retry-After; or raise the limit named.', true),
  // Running
  STEP_FAILED: spec('failed', 'See the error of the step.'),
  STEP_ENDLESS: spec('failed', 'Give the way back a condition that ends, or loop over a collection.'),
  WORKER_DIED: spec(
    'failed',
    'Its worker vanished each time: look for memory, for signals, and for code that ends its parent process.',
  ),
  STEP_TIMEOUT: spec(
    'failed',
    'Raise `spec.timeout` of the step, make the work smaller, or redrive what was not started.',
  ),
  EXECUTION_TIMEOUT: spec('failed', 'Raise `timeout` of the execution, or make the work smaller.'),
  EXECUTION_CANCELLED: spec('failed', 'The execution was cancelled.'),
  ISOLATION_UNAVAILABLE: spec(
    'unavailable',
    'Make the isolation possible that was asked for, or ask for another one: NOETL_ISOLATION.',
  ),
  CONFIG_INVALID: spec('invalid', 'Correct the environment variable named.'),
  INTERNAL: spec('bug', 'This is a defect of NoETL: report it with the execution id and the log.'),
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

function spec(category: ErrorCategory, hint: string, retriable = false): ErrorSpec {
  return { category, retriable, hint };
}

/** A place in a playbook: JSON path, and line and column counted from 1. */
export interface Place {
  path?: string;
  line?: number;
  column?: number;
}

/** Coarse class of a tool failure, as policy rules read it in `output.error.kind`. */
export type ErrorKind =
  | 'connection'
  | 'timeout'
  | 'rate_limit'
  | 'auth'
  | 'not_found'
  | 'client_error'
  | 'server_error'
  | 'schema'
  | 'parse'
  | 'transform'
  | 'db_connection'
  | 'db_constraint'
  | 'db_deadlock'
  | 'db_timeout'
  | 'missing_reference'
  | 'unknown';

/** The stored and transmitted form of an error. */
export interface ErrorInfo {
  code: ErrorCode;
  message: string;
  kind: ErrorKind;
  retryable: boolean;
  hint: string;
  place?: Place;
  details?: JsonObject;
}

export interface ErrorOptions {
  place?: Place;
  kind?: ErrorKind;
  retryable?: boolean;
  /** Replaces the registry's hint where a better one is known. */
  hint?: string;
  details?: JsonObject;
  cause?: unknown;
}

export class NoetlError extends Error {
  readonly code: ErrorCode;
  readonly place: Place | undefined;
  readonly kind: ErrorKind;
  readonly retryable: boolean;
  readonly hint: string;
  readonly details: JsonObject | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'NoetlError';
    this.code = code;
    this.place = options.place;
    this.kind = options.kind ?? 'unknown';
    this.retryable = options.retryable ?? ERRORS[code].retriable;
    this.hint = options.hint ?? ERRORS[code].hint;
    this.details = options.details;
  }

  get category(): ErrorCategory {
    return ERRORS[this.code].category;
  }

  toInfo(): ErrorInfo {
    const { code, message, kind, retryable, hint, place, details } = this;
    return { code, message, kind, retryable, hint, ...(place && { place }), ...(details && { details }) };
  }
}

/** An error as templates see it: its details (`status`, `pg_code`, `exception_type` …) beside its own fields. */
export function errorView({ details, ...info }: ErrorInfo): JsonObject {
  return { ...details, ...(info as unknown as JsonObject) };
}

/** Any thrown value as an {@link ErrorInfo}; what is not a NoetlError is INTERNAL. */
export function errorInfo(thrown: unknown): ErrorInfo {
  if (thrown instanceof NoetlError) return thrown.toInfo();
  return new NoetlError('INTERNAL', jsonFault(thrown)).toInfo();
}
