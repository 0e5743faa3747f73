/** Names within a playbook: of steps, of iterators, and of the tasks that a rule may jump to. */
import { isJsonObject, type JsonObject } from '@noetl/protocol';
import type { Playbook, Step } from '../document.ts';
import { actionOf } from '../normal/rules.ts';
import { mapping } from '../normal/tool.ts';
import { suggestion, type Findings } from './faults.ts';
import type { Path } from './yaml.ts';

/** Targets of a jump that are not names. */
const PREVIOUS = ['previous', 'prev', '_previous', '@previous'];

export function checkNames(playbook: Playbook, workflow: JsonObject[], findings: Findings): void {
  const names = new Map<string, number>();
  for (const [index, step] of playbook.steps.slice(0, workflow.length).entries()) {
    const path = ['workflow', index];
    if (names.has(step.name))
      findings.fault('STEP_DUPLICATE', [...path, 'step'], `the step name "${step.name}" is used twice`);
    else names.set(step.name, index);
    const written = workflow[index] as JsonObject;
    if (step.tasks.length === 0 && needsTool(playbook, step, written))
      findings.fault('TOOL_REQUIRED', path, `tool is required: step "${step.name}" has none`);
    checkJumps(step, written, path, findings);
  }
  for (const [index, { loop }] of playbook.steps.entries()) {
    if (!loop || !names.has(loop.iterator)) continue;
    const message = `the iterator "${loop.iterator}" hides the step of that name`;
    const hint = 'Give the iterator another name: inside the loop, it stands for the item.';
    findings.warn('ITERATOR_SHADOWS', ['workflow', index, 'loop', 'iterator'], message, hint);
  }
}

/**
 * A step without a tool may only route (seed documents), or mark an end that others lead to (`- step: end`); the
 * step that everything starts with must do something.
 */
function needsTool(playbook: Playbook, step: Step, written: JsonObject): boolean {
  const routes = step.next.arcs.length > 0 || step.cases.length > 0;
  if (playbook.generation === 'seed') return step.name === playbook.entry_step && !routes;
  const bare = Object.keys(written).every((key) => ['step', 'desc', 'description'].includes(key));
  return !bare || step.name === playbook.entry_step;
}

/** A jump leads to a task of the same step. */
function checkJumps(step: Step, written: JsonObject, path: Path, findings: Findings): void {
  const labels = step.tasks.map((task) => task.name);
  const targets = new Set([...labels, ...PREVIOUS]);
  for (const [index, task] of step.tasks.entries()) {
    const [tool, at] = writtenTask(written, index, path);
    const rules = mapping(mapping(tool['spec'])['policy'])['rules'];
    for (const [number, rule] of task.rules.entries()) {
      if (rule.do !== 'jump' || (rule.to !== undefined && isTarget(rule.to, targets))) continue;
      // Looking for the nearest name takes long when there are thousands.
      if (findings.full) return;
      const item = Array.isArray(rules) ? rules[number] : undefined;
      const rulePath = [...at, 'spec', 'policy', 'rules', number];
      const action = isJsonObject(item) ? actionOf(item, rulePath).path : rulePath;
      const message =
        rule.to === undefined
          ? 'this jump has no `to`: where does it lead?'
          : `there is no task "${rule.to}" to jump to in step "${step.name}"`;
      const hint = suggestion(rule.to ?? '', labels) ?? `Tasks here: ${labels.join(', ')}; or "previous".`;
      findings.fault('STEP_UNKNOWN', [...action, rule.to === undefined ? 'do' : 'to'], message, hint);
    }
  }
}

/** What a template gives is known when it runs. */
function isTarget(to: string, targets: Set<string>): boolean {
  return targets.has(to) || to.includes('{{');
}

/** The tool as written, and where: in a list, perhaps as `{name: {kind: …}}`. */
function writtenTask(step: JsonObject, index: number, path: Path): [JsonObject, Path] {
  const { tool } = step;
  if (!Array.isArray(tool)) return [mapping(tool), [...path, 'tool']];
  const item = mapping(tool[index]);
  const at = [...path, 'tool', index];
  const [name] = Object.keys(item);
  return 'kind' in item || 'name' in item || name === undefined
    ? [item, at]
    : [mapping(item[name]), [...at, name]];
}
