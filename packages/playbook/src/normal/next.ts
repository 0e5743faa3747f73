/** Routing: `next` in all its forms as one router of arcs. */
import { isJsonObject, jsonText, type Json, type JsonObject } from '@noetl/protocol';
import type { Arc, Router } from '../document.ts';
import type { Findings } from '../parse/faults.ts';
import type { Path } from '../parse/yaml.ts';
import { assignments, condition } from './assignments.ts';
import { checkInputs, inputs, mapping } from './tool.ts';

/** Text and lists are the seed's forms: every target is entered. `{spec, arcs}` is canonical: the first that matches. */
export function router(next: Json | undefined, path: Path, findings: Findings): Router {
  if (next === undefined || next === null) return { mode: 'exclusive', arcs: [] };
  if (!isJsonObject(next)) return { mode: 'inclusive', arcs: targets(next, path, findings) };
  if (typeof next['step'] === 'string') return { mode: 'inclusive', arcs: targets([next], path, findings) };
  findings.knownKeys(next, ['spec', 'arcs'], path);
  const spec = mapping(next['spec']);
  const arcs = next['arcs'];
  if (arcs !== undefined && arcs !== null && !Array.isArray(arcs))
    findings.fault('NEXT_FORM', [...path, 'arcs'], '"arcs" must be a list');
  const mode = spec['mode'] ?? 'exclusive';
  if (mode !== 'exclusive' && mode !== 'inclusive') {
    findings.fault(
      'NEXT_FORM',
      [...path, 'spec', 'mode'],
      `next.spec.mode cannot be "${jsonText(mode)}"`,
      'Use exclusive or inclusive.',
    );
  }
  return {
    mode: mode === 'inclusive' ? 'inclusive' : 'exclusive',
    arcs: Array.isArray(arcs)
      ? arcs.flatMap((arc, index) => canonicalArc(arc, [...path, 'arcs', index], findings))
      : [],
    ...(typeof spec['on_no_match'] === 'string' && { on_no_match: spec['on_no_match'] }),
  };
}

/** A name, or a list of names and `{step, args}`: also the value of `next` and `call` in a case. */
export function targets(value: Json, path: Path, findings: Findings): Arc[] {
  const list = Array.isArray(value) ? value : [value];
  return list.flatMap((item, index) => {
    const at = Array.isArray(value) ? [...path, index] : path;
    if (typeof item === 'string') return [{ step: item, set: {}, args: {} }];
    if (isJsonObject(item) && typeof item['step'] === 'string') {
      const when = condition(item['when'], [...at, 'when'], findings);
      return [
        {
          step: item['step'],
          set: assignments(item['set']),
          args: argsOf(item, at, findings),
          ...(when !== undefined && { when }),
        },
      ];
    }
    const conditional = isJsonObject(item) && ('when' in item || 'then' in item);
    findings.fault(
      'NEXT_FORM',
      at,
      conditional
        ? 'a list of conditions is not a form of `next`'
        : 'a target of `next` must be a step name or {step, args}',
    );
    return [];
  });
}

function canonicalArc(value: Json, path: Path, findings: Findings): Arc[] {
  if (!isJsonObject(value) || typeof value['step'] !== 'string') {
    findings.fault('NEXT_FORM', path, 'an arc must be a mapping with `step`');
    return [];
  }
  findings.knownKeys(value, ['step', 'when', 'cond', 'set', 'args', 'input', 'desc', 'name'], path);
  const key = (value['when'] ?? null) === null ? 'cond' : 'when';
  const when = condition(value[key], [...path, key], findings);
  return [
    {
      step: value['step'],
      set: assignments(value['set']),
      args: argsOf(value, path, findings),
      ...(when !== undefined && { when }),
    },
  ];
}

function argsOf(target: JsonObject, path: Path, findings: Findings): JsonObject {
  checkInputs(target, ['args', 'input'], path, findings);
  return { ...inputs(target['args']), ...inputs(target['input']) };
}
