/** What one run is about: playbooks, how work behaves, which requests come when, which faults there are. */
import type { Playbook } from '@noetl/playbook';
import { anyFaults, type Faults } from './faults.ts';
import { playbookOf, playbookText } from './playbooks.ts';
import type { Random } from '../random.ts';

interface Started {
  text: string;
  playbook: Playbook;
  atMs: number;
  timeoutMs?: number;
  cancelAtMs?: number;
  pauseAtMs?: [pause: number, resume: number];
  /** It is not the execution that is paused, but the loop that it has entered last. */
  pausesLoop: boolean;
}

export interface Scenario {
  executions: Started[];
  faults: Faults;
  /** Faults until then; afterwards everything has to come to its end. */
  healAtMs: number;
  /** Milliseconds that items and steps take. */
  duration: [least: number, most: number];
  /** The most that a message to Postgres or NATS usually takes. */
  latencyMaxMs: number;
  /** Share of items that fail, and of steps. */
  itemFailures: number;
  stepFailures: number;
  replicas: { api: number; worker: number; aggregator: number };
}

export function scenarioOf(random: Random): Scenario {
  const healAtMs = random.int(500, random.pick([3_000, 30_000]));
  const executions = Array.from({ length: random.chance(0.3) ? 2 : 1 }, () => started(random, healAtMs));
  return {
    executions,
    faults: anyFaults(random),
    healAtMs,
    duration: random.pick([
      [1, 20],
      [1, 20],
      [10, 400],
      [300, 3_000],
    ]),
    latencyMaxMs: random.pick([4, 4, 20, 100]),
    itemFailures: random.pick([0, 0.02, 0.1, 0.3]),
    stepFailures: random.pick([0, 0, 0, 0.1]),
    replicas: { api: random.int(1, 3), worker: random.int(1, 4), aggregator: random.int(1, 2) },
  };
}

function started(random: Random, healAtMs: number): Started {
  const text = playbookText(random);
  const pauseMs = random.int(0, healAtMs);
  return {
    text,
    playbook: playbookOf(text),
    atMs: random.int(0, 500),
    pausesLoop: random.chance(0.5),
    ...(random.chance(0.1) && { timeoutMs: random.int(500, healAtMs) }),
    ...(random.chance(0.2) && { cancelAtMs: random.int(0, healAtMs) }),
    ...(random.chance(0.2) && { pauseAtMs: [pauseMs, pauseMs + random.int(1, 20_000)] }),
  };
}
