/** How long a step may take as a whole: evaluated once, when it is entered. */
import { isStepTimeout, render, TIMEOUT_MAX_S, type Step } from '@noetl/playbook';
import { NoetlError } from '@noetl/protocol';
import type { Draft } from './draft.ts';

/** Throws TEMPLATE_ERROR. */
export function timeLimit(draft: Draft, { name, timeout }: Step): { timeout_s?: number } {
  if (timeout === undefined) return {};
  const value = Number(render(timeout, draft.scope(name)));
  if (isStepTimeout(value)) return { timeout_s: value };
  throw new NoetlError(
    'TEMPLATE_ERROR',
    `spec.timeout must be a number of seconds above 0, at most ${String(TIMEOUT_MAX_S)}, not ${String(value)}`,
  );
}
