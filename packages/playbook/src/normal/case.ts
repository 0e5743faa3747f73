/** Seed `case` blocks as conditions with actions. */
import { isJsonObject, type Json, type JsonObject } from '@noetl/protocol';
import type { Action, Case } from '../document.ts';
import { suggestion, type Findings } from '../parse/faults.ts';
import type { Path } from '../parse/yaml.ts';
import { assignments, condition } from './assignments.ts';
import { targets } from './next.ts';
import { mapping, task, type Workbook } from './tool.ts';

const ACTIONS = ['next', 'call', 'set', 'result', 'fail', 'log', 'sink', 'retry', 'collect'];

export function cases(value: Json | undefined, path: Path, workbook: Workbook, findings: Findings): Case[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isJsonObject).map((item, index) => {
    const at = [...path, index];
    findings.knownKeys(item, ['when', 'then', 'else', 'desc'], at);
    return {
      // With `else` alone, all of it stands there.
      when: condition(item['when'], [...at, 'when'], findings) ?? !('else' in item),
      then: actions(item['then'], [...at, 'then'], workbook, findings),
      else: actions(mapping(item['else'])['then'] ?? item['else'], [...at, 'else'], workbook, findings),
    };
  });
}

/** A mapping of actions, or a list of mappings. */
function actions(value: Json | undefined, path: Path, workbook: Workbook, findings: Findings): Action[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value))
    return value.flatMap((item, index) => actions(item, [...path, index], workbook, findings));
  if (!isJsonObject(value)) {
    findings.fault('PLAYBOOK_INVALID', path, 'actions must be a mapping, such as `next: [{step: …}]`');
    return [];
  }
  return Object.entries(value).flatMap(([name, config]) =>
    action(name, config, [...path, name], workbook, findings),
  );
}

function action(name: string, config: Json, path: Path, workbook: Workbook, findings: Findings): Action[] {
  switch (name) {
    case 'next':
    case 'call':
      return [{ do: name, arcs: targets(config, path, findings) }];
    case 'set':
      return [{ do: 'set', set: assignments(config) }];
    case 'result':
      return [
        { do: 'result', from: isJsonObject(config) && 'from' in config ? (config['from'] ?? null) : config },
      ];
    case 'fail':
    case 'log':
      return [{ do: name, message: messageOf(config) }];
    case 'sink':
      return sink(mapping(config), path, workbook, findings);
    case 'retry':
    case 'collect':
      return [{ do: name, config: mapping(config) }];
    default:
      findings.warn(
        'ACTION_UNKNOWN',
        path,
        `the action "${name}" has no meaning and is ignored`,
        suggestion(name, ACTIONS) ?? `Known: ${ACTIONS.join(', ')}.`,
      );
      return [];
  }
}

function messageOf(config: Json): Json {
  const { message } = mapping(config);
  return message ?? config;
}

/** A sink is a tool, flat or under `tool`; what stands beside a nested tool belongs to it. */
function sink(config: JsonObject, path: Path, workbook: Workbook, findings: Findings): Action[] {
  const { tool, ...beside } = config;
  const nested = typeof tool === 'string' ? { kind: tool } : mapping(tool);
  return [{ do: 'sink', task: task({ ...beside, ...nested }, 'sink', path, workbook, findings) }];
}
