/** Which workers may run a step: evaluated once, when it is entered. */
import { render, type Step } from '@noetl/playbook';
import { isPoolName, NoetlError } from '@noetl/protocol';
import type { Draft } from './draft.ts';

/** Throws TEMPLATE_ERROR. */
export function workerPool(draft: Draft, { name, pool }: Step): { pool?: string } {
  if (pool === undefined) return {};
  const value = render(pool, draft.scope(name));
  if (isPoolName(value)) return { pool: value };
  throw new NoetlError(
    'TEMPLATE_ERROR',
    `spec.pool must be a name of letters, digits, "_" and "-", at most 63 of them, not ${JSON.stringify(value)}`,
  );
}
