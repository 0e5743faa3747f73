/** Every scenario, in the order in which a full run takes them. */
import { ceilings } from './scenarios/ceilings.ts';
import { peers } from './peers/scenario.ts';
import { heavyLoop } from './scenarios/heavy-loop.ts';
import { naive } from './scenarios/naive.ts';
import { steps } from './scenarios/steps.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [naive, ceilings, heavyLoop, steps, peers];

/** What the short run takes. */
export const QUICK: readonly string[] = [naive.name, heavyLoop.name, steps.name];
