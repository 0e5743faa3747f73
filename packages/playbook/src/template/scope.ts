/** The names templates see, and in which order they are looked for. */
import { isJsonObject, NoetlError, type Context, type Json, type JsonObject } from '@noetl/protocol';
import type { Scope } from './environment.ts';
import { Callable, ownProperty, StepView } from './value.ts';

/**
 * Names of one place in a playbook. `extra` (event, output, iter, the iterator …) wins over everything; then step
 * values, variables, and the fixed names. `now_ms` in `extra` is the clock behind `now()`.
 */
export function scopeOf(
  context: Context,
  extra: Record<string, unknown> = {},
  resolve?: (ref: string) => Json | undefined,
): Scope {
  const lookup = (name: string): unknown => {
    if (Object.hasOwn(extra, name) && extra[name] !== undefined) return extra[name];
    const step = stepView(context, name);
    if (step) return step;
    const variable = ownProperty(context.vars, name);
    if (variable !== undefined) return variable;
    return fixed(context, extra, name);
  };
  return { lookup, ...(resolve && { resolve }) };
}

function stepView(context: Context, name: string): StepView | undefined {
  const value = Object.hasOwn(context.steps, name) ? context.steps[name] : undefined;
  return value === undefined ? undefined : new StepView(value, context.step_kinds[name]);
}

function fixed(context: Context, extra: Record<string, unknown>, name: string): unknown {
  switch (name) {
    case 'workload':
    case 'ctx':
    case 'vars':
      return context.vars;
    case 'steps':
      return Object.fromEntries(Object.keys(context.steps).map((step) => [step, stepView(context, step)]));
    case 'args':
    case 'input':
      return context.args;
    case 'payload':
      return context.payload;
    case 'execution_id':
    case 'catalog_id':
    case 'parent_execution_id':
      return context[name] ?? null;
    case 'job':
      return { uuid: context.execution_id, execution_id: context.execution_id, id: context.execution_id };
    case 'result':
    case 'response':
      return context.last === undefined ? undefined : stepView(context, context.last);
    case 'env':
      return {};
    case 'now':
      return now(extra);
    default:
      return ownProperty(context.args, name);
  }
}

function now(extra: Record<string, unknown>): Callable | undefined {
  const clock = extra['now_ms'];
  return typeof clock === 'number' ? new Callable(() => new Date(clock).toISOString()) : undefined;
}

/** Objects merge all the way down; everything else is replaced. */
export function mergeDeep(base: JsonObject, over: JsonObject): JsonObject {
  const merged: JsonObject = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (key === '__proto__') continue;
    const below = Object.hasOwn(merged, key) ? merged[key] : undefined;
    merged[key] = isJsonObject(below) && isJsonObject(value) ? mergeDeep(below, value) : value;
  }
  return merged;
}

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

/** Writes dotted paths; nothing given is changed. Returns the top-level entries that are different afterwards. */
export function assignVars(vars: JsonObject, written: [path: string, value: Json][]): JsonObject {
  const changed: JsonObject = {};
  for (const [path, value] of written) {
    const [head, ...rest] = path.split('.') as [string, ...string[]];
    if ([head, ...rest].some((name) => FORBIDDEN.has(name))) {
      throw new NoetlError('KEY_FORBIDDEN', `a variable cannot be called "${path}"`);
    }
    changed[head] = assigned(Object.hasOwn(changed, head) ? changed[head] : vars[head], rest, value);
  }
  return changed;
}

function assigned(base: Json | undefined, path: string[], value: Json): Json {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  const object = isJsonObject(base) ? base : {};
  return { ...object, [head]: assigned(ownProperty(object, head), rest, value) };
}
