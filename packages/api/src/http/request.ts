/** Reading requests: bodies, ids, numbers, each refused with what is wrong and what is right. */
import { Ajv } from 'ajv';
import type { Request } from 'express';
import { isId, jsonText, NoetlError, type Id } from '@noetl/protocol';

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });

/** A JSON schema whose bodies have the shape T. */
export interface SchemaOf<T> {
  [keyword: string]: unknown;
  readonly shape?: T;
}

/** Compiles a schema into a reader of parsed bodies. */
export function bodyReader<T>(schema: SchemaOf<T>): (body: unknown) => T {
  const validate = ajv.compile<T>(schema);
  return (body) => {
    if (validate(body)) return body;
    const faults = (validate.errors ?? []).map(
      ({ instancePath, message }) =>
        `${instancePath.slice(1).replaceAll('/', '.') || 'the body'} ${message ?? ''}`,
    );
    throw new NoetlError('BODY_INVALID', [...new Set(faults)].join('; '));
  };
}

/** The body as JSON; an empty one as `{}`. */
export function jsonBody(request: Request): unknown {
  const text = textBody(request);
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new NoetlError(
      'BODY_INVALID',
      `the body is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      {
        hint: 'Send JSON, for example -H "Content-Type: application/json" -d \'{"path": "…"}\'.',
      },
    );
  }
}

export function textBody(request: Request): string {
  return typeof request.body === 'string' ? request.body : '';
}

/** An id of the path or the query; anything else is refused before it reaches the database. */
export function idOf(text: unknown, what: string): Id {
  if (isId(text)) return text;
  throw new NoetlError('BODY_INVALID', `${what} must be a decimal id, as text`, {
    hint: 'Ids are 64-bit numbers: keep them as text, JavaScript numbers lose digits.',
  });
}

/** A whole number of the query within bounds, or the fallback. */
export function numberOf(
  text: unknown,
  what: string,
  bounds: { fallback: number; min: number; max: number },
): number {
  if (text === undefined) return bounds.fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= bounds.min && value <= bounds.max) return value;
  throw new NoetlError(
    'BODY_INVALID',
    `${what} must be a whole number from ${String(bounds.min)} to ${String(bounds.max)}`,
  );
}

/** A query value that is one of a few words, in upper case. */
export function wordOf<T extends string>(text: unknown, what: string, words: readonly T[]): T | undefined {
  if (text === undefined) return undefined;
  const word = words.find((candidate) => candidate === jsonText(text).toUpperCase());
  if (word) return word;
  throw new NoetlError('BODY_INVALID', `${what} must be one of ${words.join(', ')}`);
}
