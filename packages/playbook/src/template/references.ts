/** Which variables and steps the templates of a step can touch, so that its command carries no more than that. */
import { isJsonObject, type Context, type Json, type JsonObject } from '@noetl/protocol';
import type { Step } from '../document.ts';
import { compileTemplate, replaceExpressions } from './compile.ts';
import type { Node } from './evaluate.ts';

/** Names used; `all` when some use cannot be told from the text. */
export interface References {
  names: Set<string>;
  all: boolean;
}

/** Containers of variables: `workload.x` needs `x`, `workload` alone needs everything. */
const CONTAINERS = new Set(['workload', 'ctx', 'vars', 'steps']);
/** `ctx.get('x')` and `ctx.items()` read entries that the text does not name after the dot. */
const METHODS = new Set(['get', 'items', 'keys', 'values', 'copy']);
const CODE_KEYS = new Set(['code', 'script']);

const analysed = new WeakMap<Step, References>();

export function references(step: Step): References {
  const known = analysed.get(step);
  if (known) return known;
  const found: References = { names: new Set(), all: false };
  const { input, set, vars, cases, next, loop, limit, timeout, pool, tasks } = step;
  const spec = [loop ?? null, limit ?? null, timeout ?? null, pool ?? null];
  collect(found, [input, set, vars, cases, next, ...spec] as unknown as Json);
  for (const action of cases.flatMap((item) => [...item.then, ...item.else]))
    if (action.do === 'sink') collectConfig(found, action.task.config);
  for (const task of tasks) {
    collect(found, [task.input, task.set, task.rules, task.timeout ?? null] as unknown as Json);
    collectConfig(found, task.config);
  }
  // Entries of the keychain have templates of their own.
  if (found.names.has('keychain')) found.all = true;
  analysed.set(step, found);
  return found;
}

/** Names that the templates in a value use, whatever they stand for. */
export function namesIn(value: Json): Set<string> {
  const found: References = { names: new Set(), all: false };
  collect(found, value);
  return found.names;
}

/** The context with only those variables and step values that the step can touch. */
export function projectContext(context: Context, step: Step): Context {
  const { names, all } = references(step);
  if (all) return context;
  const steps = new Set(names);
  // `result` is another name of the step that ended last.
  if (context.last !== undefined && (names.has('result') || names.has('response'))) steps.add(context.last);
  return {
    ...context,
    vars: pick(context.vars, names),
    steps: pick(context.steps, steps),
    step_kinds: pick(context.step_kinds, steps),
  };
}

function pick<T>(object: Record<string, T>, names: Set<string>): Record<string, T> {
  return Object.fromEntries(Object.entries(object).filter(([key]) => names.has(key)));
}

/** Code reads the whole context through the global `context`; other templates in it are analysed like any. */
function collectConfig(found: References, config: JsonObject): void {
  for (const [key, value] of Object.entries(config)) {
    if (CODE_KEYS.has(key)) {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      if (/\bcontext\b/.test(text)) found.all = true;
      replaceExpressions(text, (expression) => {
        collectText(found, expression);
        return '';
      });
    } else {
      collect(found, value);
    }
  }
}

function collect(found: References, value: Json | undefined): void {
  if (typeof value === 'string') collectText(found, value);
  else if (Array.isArray(value)) value.forEach((item) => collect(found, item));
  else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      if (key.includes('{{')) collectText(found, key);
      collect(found, item);
      // Conditions may be written without braces.
      if (key === 'when' && typeof item === 'string' && !item.includes('{{'))
        collectText(found, `{{ ${item} }}`);
    }
  }
}

function collectText(found: References, text: string): void {
  try {
    const { body } = compileTemplate(text);
    for (const node of body) visit(found, node);
  } catch {
    // Text that only looks like a template touches nothing.
  }
}

function visit(found: References, node: unknown): void {
  if (Array.isArray(node)) {
    node.forEach((item) => visit(found, item));
    return;
  }
  if (node instanceof Map) {
    node.forEach((value: unknown, key: unknown) => [key, value].forEach((item) => visit(found, item)));
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const typed = node as Node;
  if (typed.type === 'Identifier' && typeof typed['value'] === 'string') {
    found.names.add(typed['value']);
    if (CONTAINERS.has(typed['value'])) found.all = true;
    return;
  }
  if (typed.type === 'MemberExpression') {
    visitMember(found, typed);
    return;
  }
  for (const value of Object.values(typed)) visit(found, value);
}

/** `workload.x` and `ctx['x']` need one entry; any other use of a container needs them all. */
function visitMember(found: References, node: Node): void {
  const object = node['object'] as Node;
  const property = node['property'] as Node;
  const isContainer = object.type === 'Identifier' && CONTAINERS.has(object['value'] as string);
  const isFixed =
    property.type === 'Identifier' ? node['computed'] !== true : property.type === 'StringLiteral';
  if (isContainer && isFixed) {
    const name = property['value'] as string;
    found.names.add(name);
    if (METHODS.has(name)) found.all = true;
    return;
  }
  visit(found, object);
  if (node['computed'] === true) visit(found, property);
}
