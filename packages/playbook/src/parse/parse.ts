/** YAML to playbook: read, check the shape, normalise, check what refers to what. All faults at once. */
import { isJsonObject, jsonText, type JsonObject, type Json } from '@noetl/protocol';
import { TIMEOUT_MAX_S, type Diagnostic, type Playbook, type Step } from '../document.ts';
import { normalStep, poolOf } from '../normal/step.ts';
import { mapping, type Workbook } from '../normal/tool.ts';
import { checkNames } from './names.ts';
import { checkRoutes, IMPLICIT_END } from './routes.ts';
import { checkShape } from './schema.ts';
import { Findings, inOrder, PlaybookError, suggestion } from './faults.ts';
import { checkTemplates } from './templates.ts';
import { readSource } from './yaml.ts';

const KEYS = [
  'apiVersion',
  'kind',
  'metadata',
  'workload',
  'vars',
  'keychain',
  'workbook',
  'workflow',
  'executor',
  'tracing',
  'spec',
  'description',
  'name',
  'path',
];

/** Throws {@link PlaybookError} with every fault; with the first one only when the text cannot even be read. */
export function parsePlaybook(text: string): { playbook: Playbook; warnings: Diagnostic[] } {
  const source = readSource(text);
  const findings = new Findings(source);
  for (const place of source.repeatedKeys) {
    const message = 'a key stands twice in one mapping; the last one counts';
    findings.warnAt(place, 'KEY_REPEATED', message, 'Remove one of them.');
  }
  for (const { place, quoted } of source.unquoted) {
    const message = 'a template without quotes is not text: YAML reads it as a mapping';
    findings.faultAt(place, 'TEMPLATE_SYNTAX', message, `Quote the template: ${quoted}.`);
  }
  const playbook = checked(source.value, findings);
  const warnings = inOrder(findings.warnings);
  if (findings.faults.length > 0 || !playbook) throw new PlaybookError(inOrder(findings.faults), warnings);
  return { playbook, warnings };
}

/** Kind and path of a document, without reading more of it; the path of one without any is its name. */
export function documentHead(text: string): { kind: string; path: string | undefined } {
  const { value } = readSource(text);
  const document = mapping(value);
  const metadata = mapping(document['metadata']);
  const path = [metadata['path'], metadata['name'], document['path'], document['name']].find(
    (candidate) => typeof candidate === 'string' && candidate !== '',
  ) as string | undefined;
  return { kind: typeof document['kind'] === 'string' ? document['kind'] : 'Playbook', path };
}

function checked(document: Json, findings: Findings): Playbook | undefined {
  if (!isJsonObject(document)) {
    findings.fault('PLAYBOOK_INVALID', [], 'a playbook is a mapping with metadata and workflow');
    return undefined;
  }
  const kind = document['kind'] ?? 'Playbook';
  if (kind !== 'Playbook') {
    const message = `a document of kind "${jsonText(kind)}" is not a playbook`;
    findings.fault('PLAYBOOK_KIND', ['kind'], message, suggestion(jsonText(kind), ['Playbook']));
    return undefined;
  }
  if (!checkShape(document, findings)) return undefined;
  findings.knownKeys(document, KEYS, []);
  if (document['apiVersion'] !== 'noetl.io/v2') {
    findings.warn(
      'API_VERSION',
      ['apiVersion'],
      `apiVersion is ${JSON.stringify(document['apiVersion'] ?? null)}; it is read as noetl.io/v2`,
      'Write apiVersion: noetl.io/v2.',
    );
  }
  const playbook = normal(document, findings);
  const workflow = document['workflow'] as JsonObject[];
  checkNames(playbook, workflow, findings);
  checkRoutes(playbook, workflow, findings);
  checkTemplates(document, findings);
  return playbook;
}

function normal(document: JsonObject, findings: Findings): Playbook {
  const metadata = mapping(document['metadata']);
  const name = metadata['name'] as string;
  const workflow = document['workflow'] as JsonObject[];
  const workbookList = list(document['workbook']);
  const workbook = workbookOf(workbookList);
  const pool = poolOf(mapping(document['executor'])['spec'], ['executor', 'spec', 'pool'], findings);
  const declared = workflow.map((step, index) =>
    normalStep(step, ['workflow', index], workbook, findings, pool === undefined ? {} : { pool }),
  );
  const steps = withEnd(declared, findings);
  if (isJsonObject(document['vars'])) {
    findings.warn(
      'ROOT_VARS',
      ['vars'],
      '`vars` at the top is merged under `workload`',
      'Move its entries into `workload`.',
    );
  }
  const description = metadata['description'];
  const timeout = timeoutOf(document, findings);
  return {
    path: typeof metadata['path'] === 'string' ? metadata['path'] : name,
    name,
    generation: generation(workflow),
    workload: { ...mapping(document['vars']), ...mapping(document['workload']) },
    steps,
    entry_step: entryStep(document, steps, findings),
    keychain: list(document['keychain']),
    workbook: workbookList,
    ...(timeout !== undefined && { timeout_s: timeout }),
    ...(typeof description === 'string' && { description }),
  };
}

/** An `end` that steps lead to need not be declared: it does nothing. */
function withEnd(steps: Step[], findings: Findings): Step[] {
  const actions = steps.flatMap(({ cases: all }) => all.flatMap((item) => [...item.then, ...item.else]));
  const arcs = [
    ...steps.map(({ next }) => next.arcs),
    ...actions.map((action) => ('arcs' in action ? action.arcs : [])),
  ];
  const isDeclared = steps.some(({ name }) => name === IMPLICIT_END);
  if (isDeclared || !arcs.flat().some(({ step }) => step === IMPLICIT_END)) return steps;
  return [...steps, normalStep({ step: IMPLICIT_END }, ['workflow'], {}, findings)];
}

function workbookOf(entries: JsonObject[]): Workbook {
  return Object.fromEntries(
    entries.map((entry) => [jsonText(entry['name']), isJsonObject(entry['tool']) ? entry['tool'] : entry]),
  );
}

/** `executor.spec.timeout`: seconds that an execution may take. */
function timeoutOf(document: JsonObject, findings: Findings): number | undefined {
  const timeout = mapping(mapping(document['executor'])['spec'])['timeout'];
  if (timeout === undefined || timeout === null) return undefined;
  if (typeof timeout === 'number' && timeout > 0 && timeout <= TIMEOUT_MAX_S) return timeout;
  const message = `timeout must be a number of seconds above 0, at most ${String(TIMEOUT_MAX_S)}`;
  findings.fault('PLAYBOOK_INVALID', ['executor', 'spec', 'timeout'], message);
  return undefined;
}

/** `executor.spec.entry_step`, else the step named `start`, else the first. */
function entryStep(document: JsonObject, steps: Step[], findings: Findings): string {
  const named = mapping(mapping(document['executor'])['spec'])['entry_step'];
  const names = steps.map((step) => step.name);
  if (typeof named === 'string') {
    if (!names.includes(named))
      findings.fault(
        'STEP_UNKNOWN',
        ['executor', 'spec', 'entry_step'],
        `there is no step "${named}"`,
        suggestion(named, names),
      );
    return named;
  }
  return names.includes('start') ? 'start' : (names[0] as string);
}

/** Seed syntax: `case`, `args`, or `next` as text or list; canonical documents use `arcs`. */
function generation(workflow: JsonObject[]): Playbook['generation'] {
  if (workflow.some((step) => isJsonObject(step['next']) && 'arcs' in step['next'])) return 'canonical';
  const seed = workflow.some((step) => {
    const tool = step['tool'];
    const first = Array.isArray(tool) ? tool[0] : tool;
    const args = 'args' in step || (isJsonObject(first) && 'args' in first);
    return (
      'case' in step ||
      args ||
      typeof tool === 'string' ||
      typeof step['next'] === 'string' ||
      Array.isArray(step['next'])
    );
  });
  return seed ? 'seed' : 'canonical';
}

function list(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
