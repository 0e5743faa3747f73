/**
 * Named places where a test makes a process die, sleep or fail: `NOETL_FAILPOINTS=worker.committed:kill@3`. Without the
 * variable they cost nothing; in production the process refuses to start with it.
 */
import { setTimeout as pause } from 'node:timers/promises';

/** In the order in which one chunk of a loop, or one decision, comes past them. */
export const FAILPOINTS = [
  'worker.claimed',
  'worker.ran',
  'worker.committed',
  'worker.announced',
  'worker.acknowledged',
  'aggregator.counted',
  'aggregator.closed',
  'api.decided',
  'api.published',
] as const;

export type FailpointName = (typeof FAILPOINTS)[number];

/** Called where the name says; does nothing unless it is chosen. */
export type Failpoint = (name: FailpointName) => void | Promise<void>;

const ACTIONS = ['kill', 'stop', 'fail', 'delay'] as const;
type Action = (typeof ACTIONS)[number];

export interface FailpointRule {
  name: FailpointName;
  action: Action;
  /** Of `delay`. */
  ms: number;
  /** The hit at which it acts, from 1; at every one when absent. */
  at?: number;
}

const SYNTAX = /^(?<name>[a-z.]+):(?<action>[a-z]+)(?:\((?<ms>\d+)\))?(?:@(?<at>[1-9]\d*))?$/;

/** `name:kill`, `name:stop`, `name:fail`, `name:delay(500)`, each with `@3` for the third hit only. Throws an Error. */
export function parseFailpoint(text: string): FailpointRule {
  const found = SYNTAX.exec(text.trim())?.groups ?? {};
  const name = FAILPOINTS.find((known) => known === found['name']);
  const action = ACTIONS.find((known) => known === found['action']);
  if (!name || !action || (action === 'delay') !== (found['ms'] !== undefined))
    throw new Error(
      `"${text}" is no failpoint: write NAME:ACTION or NAME:ACTION@HIT with a name of ${FAILPOINTS.join(', ')} and kill, stop, fail or delay(MS)`,
    );
  const at = found['at'];
  return { name, action, ms: Number(found['ms'] ?? 0), ...(at !== undefined && { at: Number(at) }) };
}

const NOTHING: Failpoint = () => undefined;

export function failpoints(rules: readonly FailpointRule[]): Failpoint {
  if (rules.length === 0) return NOTHING;
  const hits = new Map<FailpointName, number>();
  return async (name) => {
    const hit = (hits.get(name) ?? 0) + 1;
    hits.set(name, hit);
    for (const rule of rules) {
      if (rule.name === name && (rule.at === undefined || rule.at === hit)) await act(rule);
    }
  };
}

async function act({ name, action, ms }: FailpointRule): Promise<void> {
  if (action === 'kill') process.kill(process.pid, 'SIGKILL');
  else if (action === 'stop') process.kill(process.pid, 'SIGSTOP');
  else if (action === 'delay') await pause(ms);
  else throw new Error(`failpoint ${name}`);
}
