/**
 * The shape of a playbook's routing: which arcs lead forward and which lead back, found once by a depth-first walk
 * from the entry step. Joins wait for forward arcs only; a back arc enters its target again.
 */
import type { Arc, Playbook, Step } from '@noetl/playbook';

export interface Graph {
  /** Targets of each reachable step's forward arcs. */
  forward: Map<string, Set<string>>;
  /** Sources of forward arcs into each step. */
  predecessors: Map<string, Set<string>>;
  isBack(source: string, target: string): boolean;
  /** The step and everything that forward arcs reach from it. */
  downstream(step: string): Set<string>;
}

const graphs = new WeakMap<Playbook, Graph>();

export function graphOf(playbook: Playbook): Graph {
  const known = graphs.get(playbook);
  if (known) return known;
  const graph = build(playbook);
  graphs.set(playbook, graph);
  return graph;
}

/** All arcs that can ever be taken from a step: its router's and those of its cases. */
function arcsOf(step: Step): Arc[] {
  const actions = step.cases.flatMap((item) => [...item.then, ...item.else]);
  return [...step.next.arcs, ...actions.flatMap((action) => ('arcs' in action ? action.arcs : []))];
}

function build(playbook: Playbook): Graph {
  const targets = new Map(
    playbook.steps.map((step) => [step.name, [...new Set(arcsOf(step).map((arc) => arc.step))]]),
  );
  const { forward, back } = walk(playbook.entry_step, targets);
  const predecessors = new Map<string, Set<string>>();
  for (const [source, reached] of forward) {
    for (const target of reached)
      predecessors.set(target, (predecessors.get(target) ?? new Set()).add(source));
  }
  return {
    forward,
    predecessors,
    isBack: (source, target) => back.has(`${source}\n${target}`),
    downstream: (step) => reachable(step, forward),
  };
}

/** Iterative, so that a chain of any length does not exhaust the stack. */
function walk(
  entry: string,
  targets: Map<string, string[]>,
): { forward: Map<string, Set<string>>; back: Set<string> } {
  const forward = new Map<string, Set<string>>();
  const back = new Set<string>();
  const open = new Set<string>();
  const path: { name: string; rest: string[] }[] = [];
  const enter = (name: string): void => {
    open.add(name);
    forward.set(name, new Set());
    path.push({ name, rest: [...(targets.get(name) ?? [])] });
  };
  enter(entry);
  while (path.length > 0) {
    const { name, rest } = path.at(-1) as { name: string; rest: string[] };
    const target = rest.shift();
    if (target === undefined) {
      open.delete(name);
      path.pop();
    } else if (open.has(target)) {
      back.add(`${name}\n${target}`);
    } else {
      forward.get(name)?.add(target);
      if (!forward.has(target)) enter(target);
    }
  }
  return { forward, back };
}

function reachable(step: string, forward: Map<string, Set<string>>): Set<string> {
  const found = new Set([step]);
  for (const name of found) forward.get(name)?.forEach((target) => found.add(target));
  return found;
}
