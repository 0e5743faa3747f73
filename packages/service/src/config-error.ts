/** What is wrong with the environment, in words that name the variable. */

/** A variable of the environment that is missing or wrong. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
  readonly hint = 'Correct the environment variable named.';

  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}
