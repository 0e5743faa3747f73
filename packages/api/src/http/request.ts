/** Reading requests: bodies, ids, numbers, each refused with what is wrong and what is right. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Request } from 'express';
import { isId, jsonFault, jsonText, NoetlError, type Id, type Place } from '@noetl/protocol';

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });

/** A JSON schema whose bodies have the shape T. */
export interface SchemaOf<T> {
  [keyword: string]: unknown;
  readonly shape?: T;
}

/** Reads parsed bodies; the OpenAPI document shows the schema by which it does. */
export interface BodyReader<T> {
  (body: unknown): T;
  readonly schema: SchemaOf<T>;
}

/** Compiles a schema into a reader of parsed bodies. */
export function bodyReader<T>(schema: SchemaOf<T>): BodyReader<T> {
  const validate = ajv.compile<T>(schema);
  const read = (body: unknown): T => {
    if (validate(body)) return body;
    const faults = (validate.errors ?? []).map(
      ({ instancePath, message }) =>
        `${instancePath.slice(1).replaceAll('/', '.') || 'the body'} ${message ?? ''}`,
    );
    throw new NoetlError('BODY_INVALID', [...new Set(faults)].join('; '));
  };
  return Object.assign(read, { schema });
}

/**
 * The body as JSON; an empty one as `{}`. Keys that lead out of data and bottomless nesting are refused. Clients that
 * do not say what they send, or say `curl -d`'s form, are believed; those that say something else are not.
 */
export function jsonBody(request: Request): unknown {
  refuseType(request);
  const text = textBody(request);
  if (text.trim() === '') return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new NoetlError('BODY_INVALID', `the body is not JSON: ${jsonFault(error)}`, {
      hint: 'Send JSON, for example -H "Content-Type: application/json" -d \'{"path": "…"}\'.',
    });
  }
  refuseUnsafe(body);
  return body;
}

const JSON_TYPES = /^(application\/([\w.-]+\+)?json|application\/x-www-form-urlencoded|text\/[\w.-]+)$/;

function refuseType({ headers }: Request): void {
  const type = (headers['content-type'] ?? 'application/json').replace(/;.*$/s, '').trim().toLowerCase();
  if (type === '' || JSON_TYPES.test(type)) return;
  throw new NoetlError('MEDIA_TYPE', `"${type}" is not what this endpoint takes; use application/json`);
}

const DEPTH_MAX = 64;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

interface Part {
  value: unknown;
  key: string;
  parent?: Part;
}

function placeOf(part: Part): Place {
  const keys: string[] = [];
  for (let at = part; at.parent; at = at.parent) keys.unshift(at.key);
  return { path: keys.join('.') };
}

/** Level by level, so that no nesting is too deep for the walk itself. */
function refuseUnsafe(body: unknown): void {
  let level: Part[] = [{ value: body, key: '' }];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEPTH_MAX)
      throw new NoetlError('BODY_INVALID', `the body nests deeper than ${String(DEPTH_MAX)} levels`);
    const next: Part[] = [];
    for (const part of level) {
      const { value } = part;
      if (typeof value === 'string' && value.includes('\0')) {
        const message = 'the body holds the character U+0000, which cannot be stored';
        throw new NoetlError('BODY_INVALID', message, { place: placeOf(part) });
      }
      if (typeof value !== 'object' || value === null) continue;
      for (const [key, item] of Object.entries(value)) {
        const below = { value: item as unknown, key, parent: part };
        if (FORBIDDEN.has(key))
          throw new NoetlError('KEY_FORBIDDEN', `the key "${key}" is not allowed`, { place: placeOf(below) });
        next.push(below);
      }
    }
    level = next;
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

/** A query value that may be given once. */
export function onceOf(text: unknown, what: string): string {
  if (typeof text === 'string') return text;
  throw new NoetlError('BODY_INVALID', `${what} may be given once`);
}

/** What ids can hold. */
const YEARS = { from: 2000, to: 2050 };

/** A time of the query, as ISO 8601. */
export function timeOf(text: unknown, what: string): Date {
  const time = new Date(onceOf(text, what));
  if (
    !Number.isNaN(time.getTime()) &&
    time.getUTCFullYear() >= YEARS.from &&
    time.getUTCFullYear() < YEARS.to
  )
    return time;
  throw new NoetlError('BODY_INVALID', `${what} must be a time such as 2026-01-31T08:00:00Z`);
}
