/**
 * Which inputs of a loop's task differ from item to item: most do not, and the one that does is the item itself. So
 * the others are rendered once a chunk, and the item goes to the runner as the text that it is stored as.
 */
import { ALL_INPUTS, compileTemplate, namesIn, type Step, type Task } from '@noetl/playbook';
import type { Json, JsonObject } from '@noetl/protocol';
import { ITERATION_NAMES } from './loop-context.ts';

export interface InputPlan {
  /** Rendered once a chunk. */
  shared: Record<string, Json>;
  /** Inputs that are the item as it stands. */
  items: string[];
  /** Rendered for each item. */
  varying: Record<string, Json>;
}

const plans = new WeakMap<Task, InputPlan>();

/**
 * `args` of the transition win over all inputs and are the same for all items. Undefined when one template gives all
 * inputs: which ones, only the item tells.
 */
export function inputPlan(step: Step, task: Task, iterator: string, args: JsonObject): InputPlan | undefined {
  const inputs = { ...step.input, ...task.input };
  if (ALL_INPUTS in inputs) return undefined;
  const known = plans.get(task) ?? plan(inputs, iterator);
  plans.set(task, known);
  if (Object.keys(args).length === 0) return known;
  const without = (of: Record<string, Json>): Record<string, Json> =>
    Object.fromEntries(Object.entries(of).filter(([name]) => !(name in args)));
  return {
    shared: without(known.shared),
    items: known.items.filter((name) => !(name in args)),
    varying: without(known.varying),
  };
}

function plan(inputs: JsonObject, iterator: string): InputPlan {
  const names = [...ITERATION_NAMES, iterator];
  const found: InputPlan = { shared: {}, items: [], varying: {} };
  for (const [name, template] of Object.entries(inputs)) {
    const used = namesIn(template);
    if (!names.some((local) => used.has(local))) found.shared[name] = template;
    else if (isItem(template, iterator)) found.items.push(name);
    else found.varying[name] = template;
  }
  return found;
}

/** `{{ item }}` or `{{ iter.item }}`. */
function isItem(template: Json, iterator: string): boolean {
  if (typeof template !== 'string') return false;
  const path = compileTemplate(template).path?.join('.');
  return path === iterator || path === `iter.${iterator}`;
}
