/** One step of the document in its normal form. */
import { isJsonObject, isPoolName, jsonText, type Json, type JsonObject } from '@noetl/protocol';
import { isStepTimeout, TIMEOUT_MAX_S, type Step } from '../document.ts';
import type { Findings } from '../parse/faults.ts';
import type { Path } from '../parse/yaml.ts';
import { assignments, condition } from './assignments.ts';
import { cases } from './case.ts';
import { loopSpec } from './loop.ts';
import { router } from './next.ts';
import { checkInputs, inputs, mapping, RULES_IGNORED, RULES_PLACE, tools, type Workbook } from './tool.ts';

const KEYS = [
  'step',
  'desc',
  'description',
  'tool',
  'next',
  'loop',
  'set',
  'input',
  'output',
  'spec',
  'case',
  'vars',
  'args',
  'when',
];

/** What `executor.spec` says for all steps that say nothing else. */
export interface StepDefaults {
  pool?: string;
}

export function normalStep(
  step: JsonObject,
  path: Path,
  workbook: Workbook,
  findings: Findings,
  defaults: StepDefaults = {},
): Step {
  const { tasks, pipeline } = tools(step, path, workbook, findings);
  if (typeof step['tool'] !== 'string') findings.knownKeys(step, KEYS, path);
  const desc = step['desc'] ?? step['description'];
  if ('rules' in mapping(mapping(step['spec'])['policy']))
    findings.warn('RULES_IGNORED', [...path, 'spec', 'policy', 'rules'], RULES_IGNORED, RULES_PLACE);
  checkInputs(step, ['input', 'args'], path, findings);
  const admit = admission(step, path, findings);
  const limit = limitName(step, path, findings);
  const timeout = timeoutOf(step, path, findings);
  const pool = poolOf(step['spec'], [...path, 'spec', 'pool'], findings) ?? defaults.pool;
  return {
    name: step['step'] as string,
    tasks,
    pipeline,
    input: { ...(typeof step['tool'] === 'string' ? {} : inputs(step['args'])), ...inputs(step['input']) },
    set: assignments(step['set']),
    vars: assignments(step['vars']),
    cases: cases(step['case'], [...path, 'case'], workbook, findings),
    next: router(step['next'], [...path, 'next'], findings),
    ...(typeof desc === 'string' && { desc }),
    ...(isJsonObject(step['loop']) && { loop: loopSpec(step['loop'], [...path, 'loop'], findings) }),
    ...(admit !== undefined && { admit }),
    ...(limit !== undefined && { limit }),
    ...(timeout !== undefined && { timeout }),
    ...(pool !== undefined && { pool }),
    ...(isJsonObject(step['output']) && { output: step['output'] }),
  };
}

/** `spec.policy.limit`; `concurrency_key` is another name, also directly under `spec`. */
function limitName(step: JsonObject, path: Path, findings: Findings): string | undefined {
  const spec = mapping(step['spec']);
  const policy = mapping(spec['policy']);
  const written = policy['limit'] ?? policy['concurrency_key'] ?? spec['concurrency_key'] ?? undefined;
  if (written === undefined || typeof written === 'string') return written;
  findings.fault(
    'PLAYBOOK_INVALID',
    [...path, 'spec'],
    `the limit of step "${jsonText(step['step'])}" must be a name`,
    'Name a limit, for example `spec: {policy: {limit: reports}}`; how much it allows is set with `noetl limit set`.',
  );
  return undefined;
}

/** `spec.timeout`: seconds that the step as a whole may take. A tool's own `timeout` is one of each call. */
function timeoutOf(step: JsonObject, path: Path, findings: Findings): Json | undefined {
  const written = mapping(step['spec'])['timeout'] ?? undefined;
  const isTemplate = typeof written === 'string' && written.includes('{{');
  if (written === undefined || isTemplate || isStepTimeout(written)) return written;
  findings.fault(
    'PLAYBOOK_INVALID',
    [...path, 'spec', 'timeout'],
    `the timeout of step "${jsonText(step['step'])}" must be a number of seconds above 0, at most ${String(TIMEOUT_MAX_S)}`,
  );
  return undefined;
}

/** `pool` of a `spec`: the workers that may run the step. */
export function poolOf(spec: Json | undefined, path: Path, findings: Findings): string | undefined {
  const written = mapping(spec)['pool'] ?? undefined;
  const isTemplate = typeof written === 'string' && written.includes('{{');
  if (written === undefined || isTemplate || isPoolName(written)) return written;
  findings.fault(
    'PLAYBOOK_INVALID',
    path,
    'pool must be a name of letters, digits, "_" and "-", at most 63 of them',
    'Name the pool as its workers do in NOETL_WORKER_POOL.',
  );
  return undefined;
}

/** `when` of the step, or its admission rules as one condition. */
function admission(step: JsonObject, path: Path, findings: Findings): string | boolean | undefined {
  const rules = mapping(mapping(mapping(step['spec'])['policy'])['admit'])['rules'];
  if (!Array.isArray(rules)) return condition(step['when'], [...path, 'when'], findings);
  let otherwise: Json = true;
  const terms: string[] = [];
  for (const [index, rule] of rules.entries()) {
    if (!isJsonObject(rule)) continue;
    const at = [...path, 'spec', 'policy', 'admit', 'rules', index, 'when'];
    const allow = mapping((isJsonObject(rule['else']) ? rule['else'] : rule)['then'])['allow'] ?? true;
    const when = 'else' in rule ? undefined : condition(rule['when'], at, findings);
    if (when === undefined) otherwise = allow;
    else terms.push(`${literal(allow)} if (${bare(when)}) else`);
  }
  return `${terms.join(' ')} ${literal(otherwise)}`.trim();
}

function bare(when: string | boolean): string {
  if (typeof when === 'boolean') return literal(when);
  return when
    .trim()
    .replace(/^\{\{(.*)\}\}$/s, '$1')
    .trim();
}

function literal(value: Json): string {
  return value === false ? 'false' : 'true';
}
