/** Tools: a mapping, a list of named tasks, or a kind with the tool's keys beside it, as tasks. */
import { isJsonObject, jsonText, type Json, type JsonObject } from '@noetl/protocol';
import { ALL_INPUTS, type Task } from '../document.ts';
import { suggestion, type Findings } from '../parse/faults.ts';
import { KNOWN_TOOL_KINDS, toolKind } from '../parse/kinds.ts';
import type { Path } from '../parse/yaml.ts';
import { assignments } from './assignments.ts';
import { rules } from './rules.ts';

/** Keys of a tool that are not its own configuration. */
const OUTSIDE_CONFIG = new Set([
  'kind',
  'name',
  'input',
  'args',
  'spec',
  'set',
  'timeout',
  'assert',
  'desc',
  'description',
  'output',
]);
/** Keys of a step; with a tool written as text, all others are the tool's. */
const STEP_KEYS = new Set([
  'step',
  'desc',
  'description',
  'tool',
  'loop',
  'next',
  'case',
  'set',
  'vars',
  'when',
  'spec',
  'output',
]);

export interface Workbook {
  [name: string]: JsonObject;
}

export interface Tools {
  tasks: Task[];
  pipeline: boolean;
}

export function tools(step: JsonObject, path: Path, workbook: Workbook, findings: Findings): Tools {
  const written = step['tool'];
  const name = `${jsonText(step['step'])}_task`;
  if (typeof written === 'string') {
    const beside = Object.fromEntries(Object.entries(step).filter(([key]) => !STEP_KEYS.has(key)));
    return { tasks: [task({ ...beside, kind: written }, name, path, workbook, findings)], pipeline: false };
  }
  if (Array.isArray(written)) return pipeline(written, [...path, 'tool'], workbook, findings);
  if (isJsonObject(written))
    return { tasks: [task(written, name, [...path, 'tool'], workbook, findings)], pipeline: false };
  return { tasks: [], pipeline: false };
}

function pipeline(list: Json[], path: Path, workbook: Workbook, findings: Findings): Tools {
  const tasks: Task[] = [];
  const names = new Set<string>();
  for (const [index, item] of list.entries()) {
    const at = [...path, index];
    const { name, tool } = named(item, index);
    if (!tool) {
      findings.fault('PLAYBOOK_INVALID', at, 'a task must be a mapping with `name` and `kind`');
      continue;
    }
    if (names.has(name))
      findings.fault(
        'STEP_DUPLICATE',
        at,
        `the task name "${name}" is used twice`,
        'Give each task a name of its own.',
      );
    names.add(name);
    tasks.push(task(tool, name, at, workbook, findings));
  }
  return { tasks, pipeline: true };
}

/** `{name: fetch, kind: http, …}` or the short form `{fetch: {kind: http, …}}`. */
function named(item: Json, index: number): { name: string; tool?: JsonObject } {
  const fallback = `task_${String(index + 1)}`;
  if (!isJsonObject(item)) return { name: fallback };
  if (item['kind'] !== undefined || item['name'] !== undefined)
    return { name: jsonText(item['name'] ?? fallback), tool: item };
  const [entry] = Object.entries(item);
  return entry && isJsonObject(entry[1])
    ? { name: entry[0], tool: entry[1] }
    : { name: fallback, tool: item };
}

/** One tool as a task; `name` labels it where the document does not. */
export function task(
  written: JsonObject,
  name: string,
  path: Path,
  workbook: Workbook,
  findings: Findings,
): Task {
  const tool = lifted(substituted(written, path, workbook, findings));
  const inner = mapping(tool['spec']);
  const policy = inner['policy'] ?? null;
  const timeout = tool['timeout'] ?? inner['timeout'] ?? null;
  // A workbook entry takes in the step's input: what was written must be seen as it was.
  checkTool({ ...tool, ...written }, path, findings);
  return {
    name,
    kind: kindOf(tool, path, findings),
    input: { ...inputs(tool['args']), ...inputs(tool['input']) },
    config: Object.fromEntries(Object.entries(tool).filter(([key]) => !OUTSIDE_CONFIG.has(key))),
    rules: Array.isArray(policy)
      ? rules(policy, [...path, 'spec', 'policy'], findings)
      : rules(mapping(policy)['rules'], [...path, 'spec', 'policy', 'rules'], findings),
    set: assignments(tool['set']),
    ...(timeout !== null && { timeout }),
    ...(isJsonObject(tool['output']) && { output: tool['output'] }),
  };
}

/** What would be dropped without a word: parts that are no mappings, and rules in a place where none are read. */
function checkTool(tool: JsonObject, path: Path, findings: Findings): void {
  checkInputs(tool, ['input', 'args', 'output'], path, findings);
  for (const key of ['rules', 'policy'].filter((name) => name in tool))
    findings.warn('RULES_IGNORED', [...path, key], RULES_IGNORED, RULES_PLACE);
}

export function checkInputs(holder: JsonObject, keys: string[], path: Path, findings: Findings): void {
  for (const key of keys) {
    const value = holder[key] ?? null;
    if (value === null || isJsonObject(value) || (key !== 'output' && isTemplate(value))) continue;
    const hint = `Write names and values, such as ${key}: {name: "{{ value }}"}.`;
    findings.fault('PLAYBOOK_INVALID', [...path, key], `"${key}" must be a mapping`, hint);
  }
}

export const RULES_IGNORED = 'rules are not read here and have no effect';
export const RULES_PLACE = 'Write them into the tool: tool: {kind: …, spec: {policy: {rules: […]}}}.';

/** Kind keys written inside `spec` belong to the tool. */
function lifted(tool: JsonObject): JsonObject {
  const spec = tool['spec'];
  if (!isJsonObject(spec)) return tool;
  const { policy, timeout, ...inner } = spec;
  return {
    ...inner,
    ...tool,
    spec: { ...(policy !== undefined && { policy }), ...(timeout !== undefined && { timeout }) },
  };
}

/** `{kind: workbook, name: x}` stands for the tool of that workbook entry; the step's input wins. */
function substituted(tool: JsonObject, path: Path, workbook: Workbook, findings: Findings): JsonObject {
  if (tool['kind'] !== 'workbook') return tool;
  const name = jsonText(tool['name'] ?? tool['task'] ?? '');
  const entry = Object.hasOwn(workbook, name) ? workbook[name] : undefined;
  if (!entry) {
    findings.fault(
      'PLAYBOOK_INVALID',
      [...path, 'name'],
      `the workbook has no entry "${name}"`,
      suggestion(name, Object.keys(workbook)) ?? 'Add it to `workbook`.',
    );
    return { kind: 'noop' };
  }
  const { kind: _, name: __, task: ___, input, args, ...rest } = tool;
  return {
    ...entry,
    ...rest,
    input: { ...inputs(entry['args']), ...inputs(entry['input']), ...inputs(args), ...inputs(input) },
  };
}

function kindOf(tool: JsonObject, path: Path, findings: Findings): string {
  const written = tool['kind'];
  if (typeof written !== 'string') {
    findings.fault('TOOL_REQUIRED', path, 'tool is required: this tool has no `kind`');
    return 'noop';
  }
  const kind = toolKind(written);
  if (!KNOWN_TOOL_KINDS.includes(kind)) {
    const message = `there is no tool kind "${written}"`;
    const misspelt = suggestion(written, KNOWN_TOOL_KINDS);
    // A kind of another system may stand where nobody goes: it fails when a worker should run it.
    if (misspelt !== undefined) findings.fault('TOOL_KIND_UNKNOWN', [...path, 'kind'], message, misspelt);
    else
      findings.warn(
        'TOOL_KIND_UNKNOWN',
        [...path, 'kind'],
        message,
        `Its step fails when it is reached. Known: ${KNOWN_TOOL_KINDS.join(', ')}.`,
      );
  }
  return kind;
}

/** Inputs by name; a template in place of the mapping gives them all. */
export function inputs(value: Json | undefined): JsonObject {
  return isTemplate(value) ? { [ALL_INPUTS]: value } : mapping(value);
}

function isTemplate(value: Json | undefined): value is string {
  return typeof value === 'string' && value.includes('{{');
}

export function mapping(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
