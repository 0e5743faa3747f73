/** Variables of the environment in the shapes that several parts of the configuration need. */
import type { IOptionalVariable } from 'env-var';

export type Get = (name: string) => IOptionalVariable;

/** A whole number above zero. */
export function positive(get: Get, name: string, fallback: number): number {
  return get(name).default(fallback).asIntPositive();
}

/** An entry for an object, and none when the variable is not set. */
export function optional(get: Get, key: string, name: string): Record<string, string> {
  const value = get(name).asString();
  return value === undefined ? {} : { [key]: value };
}
