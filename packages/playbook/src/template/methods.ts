/** Python's methods of text, lists and dictionaries. None changes its object. */
import { isJsonObject, NoetlError } from '@noetl/protocol';
import type { Environment } from './environment.ts';
import { formatText } from './format.ts';
import { equal } from './operators.ts';
import { printed, representation } from './print.ts';
import { TEXT_METHODS, type Method } from './text-methods.ts';
import { ownProperty, StepView, type Arguments } from './value.ts';

export type Member = (value: unknown, key: string | number) => unknown;

export function callMethod(
  environment: Environment,
  object: unknown,
  name: string,
  { positional, named }: Arguments,
  member: Member,
): unknown {
  const opened = environment.open(object instanceof StepView && name !== 'get' ? object.sequence() : object);
  const found = methodOf(opened, name);
  if (typeof opened === 'string') environment.spend(opened.length >> 6);
  if (found) {
    const result = found(opened as never, byPosition(name, positional, named), environment);
    return typeof result === 'string' ? environment.text(result) : result;
  }
  if (typeof opened === 'string' && name === 'format')
    return formatText(environment, opened, positional, named, member);
  if (opened === undefined) return undefined;
  throw new NoetlError('TEMPLATE_ERROR', `${representation(opened).slice(0, 80)} has no method "${name}"`);
}

/** Names of the arguments that Python lets authors write by name. */
const ARGUMENT_NAMES: Record<string, string[]> = {
  split: ['sep', 'maxsplit'],
  rsplit: ['sep', 'maxsplit'],
  splitlines: ['keepends'],
  expandtabs: ['tabsize'],
};

function byPosition(method: string, positional: unknown[], named: Record<string, unknown>): unknown[] {
  const names = ARGUMENT_NAMES[method];
  if (!names || Object.keys(named).length === 0) return positional;
  return names.map((name, index) => positional[index] ?? ownProperty(named, name));
}

function methodOf(object: unknown, name: string): Method<never> | undefined {
  const table =
    typeof object === 'string'
      ? TEXT_METHODS
      : Array.isArray(object)
        ? LIST
        : isJsonObject(object)
          ? MAPPING
          : undefined;
  return table && Object.hasOwn(table, name) ? table[name] : undefined;
}

const LIST: Record<string, Method<unknown[]>> = {
  index: (list, [item], environment) => {
    environment.spend(list.length);
    const at = list.findIndex((candidate) => equal(environment, candidate, item));
    if (at < 0) throw new NoetlError('TEMPLATE_ERROR', `index: ${representation(item)} is not in the list`);
    return at;
  },
  count: (list, [item], environment) => {
    environment.spend(list.length);
    return list.filter((candidate) => equal(environment, candidate, item)).length;
  },
  copy: (list, _, environment) => {
    environment.spend(list.length);
    return [...list];
  },
  append: () => refuseChange('append', '+ [item]'),
  extend: () => refuseChange('extend', '+ items'),
};

const MAPPING: Record<string, Method<Record<string, unknown>>> = {
  get: (mapping, [key, fallback]) =>
    Object.hasOwn(mapping, printed(key)) ? mapping[printed(key)] : (fallback ?? null),
  items: (mapping, _, environment) => counted(environment, Object.entries(mapping)),
  keys: (mapping, _, environment) => counted(environment, Object.keys(mapping)),
  values: (mapping, _, environment) => counted(environment, Object.values(mapping)),
  copy: (mapping, _, environment) => Object.fromEntries(counted(environment, Object.entries(mapping))),
  update: () => refuseChange('update', 'a new mapping'),
};

function counted<T>(environment: Environment, list: T[]): T[] {
  environment.spend(list.length);
  return list;
}

/** Names of all methods, for the guide. */
export const METHOD_NAMES = [
  ...new Set(['format', ...[TEXT_METHODS, LIST, MAPPING].flatMap((table) => Object.keys(table))]),
];

function refuseChange(method: string, instead: string): never {
  throw new NoetlError(
    'TEMPLATE_ERROR',
    `templates change no values: instead of .${method}() use ${instead}`,
  );
}
