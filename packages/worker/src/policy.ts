/** Policy rules of a task: which rule matches an attempt's outcome, and how long a retry waits. Pure. */
import type { Json } from '@noetl/protocol';
import { evaluate, render, type Rule, type Scope } from '@noetl/playbook';
import type { Output } from './output.ts';

export interface Verdict {
  action: Rule['do'];
  rule?: Rule;
}

const DEFAULT_ATTEMPTS = 3;
const DEFAULT_DELAY_S = 1;

/** The first matching rule decides; with none, an error fails and success continues. */
export function judge(rules: Rule[], output: Pick<Output, 'status'>, scope: Scope): Verdict {
  const rule = rules.find((candidate) => candidate.when === undefined || evaluate(candidate.when, scope));
  if (rule) return { action: rule.do, rule };
  return { action: output.status === 'error' ? 'fail' : 'continue' };
}

/**
 * Milliseconds to wait before the next try, or undefined when `attempt` (from 1) was the last.
 * A delay without a backoff is constant.
 */
export function retryDelayMs(rule: Rule, attempt: number, scope: Scope): number | undefined {
  if (attempt >= numberOf(rule.attempts, DEFAULT_ATTEMPTS, scope)) return undefined;
  if (rule.backoff === 'none') return 0;
  const base = numberOf(rule.delay, DEFAULT_DELAY_S, scope) * 1000;
  if (rule.backoff === 'linear') return base * attempt;
  if (rule.backoff === 'exponential') return base * 2 ** (attempt - 1);
  return rule.delay === undefined && rule.backoff === undefined ? 0 : base;
}

function numberOf(template: Json | undefined, fallback: number, scope: Scope): number {
  if (template === undefined) return fallback;
  const value = Number(render(template, scope));
  return Number.isFinite(value) && value >= 0 ? value : fallback;
}
