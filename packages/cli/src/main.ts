/** Entry of the `noetl` program: runs one command and turns its outcome into an exit code. */
import { CommanderError } from 'commander';
import { errorInfo, NoetlError } from '@noetl/protocol';
import { CliFailure, EXIT } from './failure.ts';
import { createProgram } from './program.ts';
import { Terminal } from './terminal.ts';

let exitCode: number = EXIT.completed;

// Whoever read our output (`| head`) has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCode);
});

try {
  await createProgram((code) => (exitCode = code)).parseAsync(process.argv);
} catch (error) {
  exitCode = report(error);
}
process.exitCode = exitCode;

/** Tells the user what went wrong; returns the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    return ['commander.helpDisplayed', 'commander.version'].includes(error.code)
      ? EXIT.completed
      : EXIT.usage;
  }
  const failure = toFailure(error);
  new Terminal({ json: process.argv.includes('--json') }).fail(failure);
  if (process.env.NOETL_DEBUG !== undefined && error instanceof Error) console.error(error.stack);
  return failure.exitCode;
}

function toFailure(error: unknown): CliFailure {
  if (error instanceof CliFailure) return error;
  if (error instanceof NoetlError) {
    const { code, message, hint, place } = errorInfo(error);
    return new CliFailure(code, message, {
      hint,
      place:
        place?.line === undefined
          ? undefined
          : `line ${String(place.line)}, column ${String(place.column ?? 1)}`,
    });
  }
  if (!(error instanceof Error)) return new CliFailure('FAILED', String(error));
  if (error.name !== 'ConfigError') return new CliFailure('FAILED', error.message, { cause: error });
  const hint = 'Correct the environment variable named.';
  return new CliFailure('CONFIG_INVALID', error.message, { exitCode: EXIT.usage, hint, cause: error });
}
