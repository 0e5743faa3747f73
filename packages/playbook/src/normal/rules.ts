/** Policy rules in every spelling: `then`, actions beside `when`, and three forms of `else`. */
import { isJsonObject, type Json, type JsonObject } from '@noetl/protocol';
import type { Rule } from '../document.ts';
import { suggestion, type Findings } from '../parse/faults.ts';
import type { Path } from '../parse/yaml.ts';
import { assignments, condition } from './assignments.ts';

const ACTIONS = ['continue', 'retry', 'fail', 'break', 'jump'] as const;
const BACKOFFS = ['none', 'fixed', 'linear', 'exponential'] as const;

export function rules(value: Json | undefined, path: Path, findings: Findings): Rule[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    findings.fault('PLAYBOOK_INVALID', path, '"rules" must be a list');
    return [];
  }
  const found = value.flatMap((item, index) => {
    if (isJsonObject(item)) return [rule(item, [...path, index], findings)];
    findings.fault('PLAYBOOK_INVALID', [...path, index], 'a rule must be a mapping with `when` or `else`');
    return [];
  });
  const always = found.findIndex(({ when }) => when === undefined || when === true);
  if (always >= 0 && always < found.length - 1) {
    const message = 'this rule is never reached: the one before it always matches';
    findings.warn('RULE_UNREACHABLE', [...path, always + 1], message, 'Put `else` last.');
  }
  return found;
}

/** What a rule does, and where that stands: under `then` (also as a word or a list), under `else`, or beside `when`. */
export function actionOf(item: JsonObject, path: Path): { action: JsonObject; path: Path } {
  const [branch, at] = isJsonObject(item['else']) ? [item['else'], [...path, 'else']] : [item, path];
  const then = branch['then'] ?? null;
  if (isJsonObject(then)) return { action: then, path: [...at, 'then'] };
  if (typeof then === 'string') return { action: { ...branch, do: then }, path: at };
  if (Array.isArray(then))
    return { action: Object.assign({}, ...then.filter(isJsonObject)) as JsonObject, path: [...at, 'then'] };
  return { action: branch, path: at };
}

const RULE_KEYS = ['when', 'then', 'else', 'name', 'desc'];
const ACTION_KEYS = ['do', 'set', 'attempts', 'backoff', 'delay', 'to', ...RULE_KEYS];

function rule(item: JsonObject, path: Path, findings: Findings): Rule {
  const { action, path: at } = actionOf(item, path);
  findings.knownKeys(item, action === item ? ACTION_KEYS : [...RULE_KEYS, 'do', 'set'], path);
  if (action !== item && !Array.isArray(item['then'])) findings.knownKeys(action, ACTION_KEYS, at);
  const written = typeof action['do'] === 'string' ? action['do'] : 'continue';
  const known = ACTIONS.find((name) => name === written);
  if (!known) {
    findings.fault(
      'PLAYBOOK_INVALID',
      [...at, 'do'],
      `a rule cannot "do: ${written}"`,
      suggestion(written, ACTIONS) ?? `Use one of ${ACTIONS.join(', ')}.`,
    );
  }
  const when = 'else' in item ? undefined : condition(item['when'], [...path, 'when'], findings);
  const backoff =
    action['backoff'] === undefined
      ? undefined
      : (BACKOFFS.find((name) => name === action['backoff']) ?? 'fixed');
  return {
    do: known ?? 'fail',
    set: assignments(action['set']),
    ...(when !== undefined && { when }),
    ...(action['attempts'] !== undefined && { attempts: action['attempts'] }),
    ...(backoff && { backoff }),
    ...(action['delay'] !== undefined && { delay: action['delay'] }),
    ...(typeof action['to'] === 'string' && { to: action['to'] }),
  };
}
