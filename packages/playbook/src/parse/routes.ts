/** Where steps lead: every target must be a step, and every step should be reached from the entry step. */
import { isJsonObject, type Json, type JsonObject } from '@noetl/protocol';
import type { Playbook } from '../document.ts';
import { suggestion, type Findings } from './faults.ts';
import type { Path } from './yaml.ts';

/** A step's name as some step writes it. */
interface Target {
  name: string;
  path: Path;
}

/** Where a branch may lead without a step of that name: it ends there. */
export const IMPLICIT_END = 'end';

export function checkRoutes(playbook: Playbook, workflow: JsonObject[], findings: Findings): void {
  const names = playbook.steps.slice(0, workflow.length).map((step) => step.name);
  const places = new Map(names.map((name, index) => [name, index]));
  const routes = workflow.map((step, index) => targetsOf(step, ['workflow', index]));
  for (const [index, targets] of routes.entries()) {
    for (const { name, path } of targets) {
      if (places.has(name)) continue;
      if (name === IMPLICIT_END) {
        const message = `step "${String(names[index])}" leads to "end", which is not declared: it ends there`;
        findings.warn('STEP_UNKNOWN', path, message, 'Declare a step `end`, or leave this out.');
        continue;
      }
      // Looking for the nearest name takes long when there are thousands.
      if (findings.full) return;
      findings.fault(
        'STEP_UNKNOWN',
        path,
        `step "${String(names[index])}" leads to "${name}", which does not exist`,
        suggestion(name, names),
      );
    }
  }
  // A misspelt name makes other steps look unreachable: one remark is enough.
  if (findings.faults.length > 0) return;
  const reached = reachable(playbook.entry_step, places, routes);
  for (const [index, name] of names.entries()) {
    if (reached.has(name)) continue;
    const message = `no way leads from "${playbook.entry_step}" to step "${name}": it never runs`;
    const hint = 'Name it in the `next` of another step, or remove it.';
    findings.warn('STEP_UNREACHABLE', ['workflow', index, 'step'], message, hint);
  }
}

function reachable(entry: string, places: Map<string, number>, routes: Target[][]): Set<string> {
  const reached = new Set([entry]);
  for (const name of reached) {
    for (const target of routes[places.get(name) ?? -1] ?? []) reached.add(target.name);
  }
  return reached;
}

/** Targets of `next`, and of `next` and `call` in every case. */
function targetsOf(step: JsonObject, path: Path): Target[] {
  const cases = Array.isArray(step['case']) ? step['case'] : [];
  return [
    ...targets(step['next'], [...path, 'next']),
    ...cases.flatMap((item, index) => {
      const at = [...path, 'case', index];
      return isJsonObject(item)
        ? ['then', 'else'].flatMap((branch) => actionTargets(item[branch], [...at, branch]))
        : [];
    }),
  ];
}

function actionTargets(actions: Json | undefined, path: Path): Target[] {
  if (Array.isArray(actions)) return actions.flatMap((item, index) => actionTargets(item, [...path, index]));
  if (!isJsonObject(actions)) return [];
  return [
    ...['next', 'call'].flatMap((key) => targets(actions[key], [...path, key])),
    ...actionTargets(actions['then'], [...path, 'then']),
  ];
}

/** A name, `{step: name}`, a list of both, or `{arcs: [{step: name}]}`. */
function targets(value: Json | undefined, path: Path): Target[] {
  if (typeof value === 'string') return [{ name: value, path }];
  if (Array.isArray(value)) return value.flatMap((item, index) => targets(item, [...path, index]));
  if (!isJsonObject(value)) return [];
  if (typeof value['step'] === 'string') return [{ name: value['step'], path: [...path, 'step'] }];
  const arcs = Array.isArray(value['arcs']) ? value['arcs'] : [];
  return arcs.flatMap((arc, index) =>
    isJsonObject(arc) ? targets({ step: arc['step'] ?? null }, [...path, 'arcs', index]) : [],
  );
}
