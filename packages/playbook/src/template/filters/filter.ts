/** What a filter is, and how filters read their arguments. */
import type { Environment } from '../environment.ts';
import { bare, ownProperty, type Arguments } from '../value.ts';

export type Filter = (environment: Environment, value: unknown, args: Arguments) => unknown;

/** An argument by position or by name. */
export function argument({ positional, named }: Arguments, index: number, name: string): unknown {
  return bare(positional[index] ?? ownProperty(named, name));
}
