/** Every scenario, in the order in which a full run takes them. */
import { peers } from './peers/scenario.ts';
import { ceilings } from './scenarios/ceilings.ts';
import { costs } from './scenarios/costs.ts';
import { fairness } from './scenarios/fairness.ts';
import { guarded } from './scenarios/guarded.ts';
import { heavyLoop } from './scenarios/heavy-loop.ts';
import { memory } from './scenarios/memory.ts';
import { naive } from './scenarios/naive.ts';
import { scaleOut } from './scenarios/scale-out.ts';
import { steps } from './scenarios/steps.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [
  naive,
  ceilings,
  heavyLoop,
  steps,
  memory,
  costs,
  scaleOut,
  fairness,
  guarded,
  peers,
];

/** What the short run takes. */
export const QUICK: readonly string[] = [naive.name, heavyLoop.name, steps.name];
