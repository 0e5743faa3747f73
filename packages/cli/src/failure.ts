/** How a command ends when it does not succeed: exit code, stable code, message and what to do next. */

/** Exit codes of every command; documented in `noetl --help`. */
export const EXIT = { completed: 0, failed: 1, usage: 2, cancelled: 3, unreachable: 4 } as const;

export interface FailureOptions {
  exitCode?: number;
  hint?: string | undefined;
  /** Line and column in a playbook. */
  place?: string | undefined;
  cause?: unknown;
}

export class CliFailure extends Error {
  readonly code: string;
  readonly exitCode: number;
  readonly hint: string | undefined;
  readonly place: string | undefined;

  constructor(code: string, message: string, options: FailureOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'CliFailure';
    this.code = code;
    this.exitCode = options.exitCode ?? EXIT.failed;
    this.hint = options.hint;
    this.place = options.place;
  }
}

export function usageError(message: string, hint?: string): CliFailure {
  return new CliFailure('USAGE', message, { exitCode: EXIT.usage, hint });
}
