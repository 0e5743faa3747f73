/** Query parameters: one definition of each says what the server takes, and what the OpenAPI document says it takes. */
import { NoetlError, type Id } from '@noetl/protocol';
import { idOf, numberOf, onceOf, timeOf, wordOf } from './request.ts';

export interface Parameter<T> {
  schema: Record<string, unknown>;
  /** For people who read the document. */
  about?: string;
  required?: boolean;
  /** Throws BODY_INVALID. */
  read: (given: unknown, name: string) => T;
}

export type Parameters = Record<string, Parameter<unknown>>;

type Given<P> = P extends Parameter<infer T> ? T : never;
type Optional<P> = { [K in keyof P]: undefined extends Given<P[K]> ? K : never }[keyof P];

/** What is not given is absent, not undefined. */
type Values<P> = { [K in Exclude<keyof P, Optional<P>>]: Given<P[K]> } & {
  [K in Optional<P>]?: Exclude<Given<P[K]>, undefined>;
};

/** Throws BODY_INVALID; names that are not asked for are passed over. */
export function readQuery<P extends Parameters>(parameters: P, query: Record<string, unknown>): Values<P> {
  const read = Object.entries(parameters).map(([name, parameter]) => [
    name,
    parameter.read(query[name], name),
  ]);
  return Object.fromEntries(read.filter(([, value]) => value !== undefined)) as Values<P>;
}

export function wholeNumber(
  bounds: { fallback: number; min: number; max: number },
  about?: string,
): Parameter<number> {
  const { fallback, min, max } = bounds;
  return {
    schema: { type: 'integer', minimum: min, maximum: max, default: fallback },
    ...(about !== undefined && { about }),
    read: (given, name) => numberOf(given, name, bounds),
  };
}

/** A whole number whose absence means something else than any number. */
export function wholeNumberOrNone(
  bounds: { min: number; max: number },
  about: string,
): Parameter<number | undefined> {
  return {
    schema: { type: 'integer', minimum: bounds.min, maximum: bounds.max },
    about,
    read: (given, name) =>
      given === undefined ? undefined : numberOf(given, name, { fallback: 0, ...bounds }),
  };
}

const ID = { type: 'string', pattern: '^\\d{1,19}$' };

export function id(about?: string): Parameter<Id | undefined> {
  return {
    schema: ID,
    ...(about !== undefined && { about }),
    read: (given, name) => (given === undefined ? undefined : idOf(given, name)),
  };
}

export function text(about?: string): Parameter<string | undefined> {
  return {
    schema: { type: 'string' },
    ...(about !== undefined && { about }),
    read: (given, name) => (given === undefined ? undefined : onceOf(given, name)),
  };
}

export function time(about?: string): Parameter<Date | undefined> {
  return {
    schema: { type: 'string', format: 'date-time' },
    ...(about !== undefined && { about }),
    read: (given, name) => (given === undefined ? undefined : timeOf(given, name)),
  };
}

/** One of a few words, in upper or lower case. */
export function word<T extends string>(words: readonly T[], about?: string): Parameter<T | undefined> {
  return {
    schema: { type: 'string', enum: words },
    ...(about !== undefined && { about }),
    read: (given, name) => wordOf(given, name, words),
  };
}

/** `true` or `false`. */
export function flag(fallback: boolean, about?: string): Parameter<boolean> {
  return {
    schema: { type: 'boolean', default: fallback },
    ...(about !== undefined && { about }),
    read: (given, name) => {
      if (given === undefined) return fallback;
      const word = onceOf(given, name).toLowerCase();
      if (word === 'true' || word === 'false') return word === 'true';
      throw new NoetlError('BODY_INVALID', `${name} must be true or false`);
    },
  };
}

/** The same parameter, refused when it is absent or empty. */
export function required<T>(
  { schema, about, read }: Parameter<T>,
  hint: string,
): Parameter<Exclude<T, undefined>> {
  return {
    schema,
    ...(about !== undefined && { about }),
    required: true,
    read: (given, name) => {
      if (given === undefined || given === '')
        throw new NoetlError('BODY_INVALID', `${name} is missing`, { hint });
      return read(given, name) as Exclude<T, undefined>;
    },
  };
}
