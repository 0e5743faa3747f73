/** Small work beside large: how long an execution of one step takes while a huge loop runs. */
import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from 'simple-statistics';
import { chain } from '../playbooks.ts';
import { row, type Scenario } from '../scenario.ts';
import { onStage, type Stage } from '../stage.ts';
import { loopOf, once } from './heavy-loop.ts';
import { register, toEnd } from './steps.ts';

const PROBES = 50;
const WARM_RUNS = 3;
const LOOK_MS = 20;

export const fairness: Scenario = {
  name: 'fairness',
  describe: `Request to end of an execution of one Python step, ${String(PROBES)} one after another while a parallel loop of the largest size runs.`,
  run: (options) =>
    onStage(options, { workers: options.workers }, async (stage) => {
      const items = Math.max(...options.items);
      const path = await register(stage, chain(1, 'python'));
      for (let warm = 0; warm < WARM_RUNS; warm++) await toEnd(stage, path);
      let over = false;
      const loop = once(stage, options, { ...loopOf('python', 'parallel'), items }).finally(
        () => (over = true),
      );
      const probing = probes(stage, path, () => over);
      // Both, so that a failure of one does not leave the other running.
      const [ran, probed] = await Promise.allSettled([loop, probing]);
      if (ran.status === 'rejected') throw ran.reason;
      if (probed.status === 'rejected') throw probed.reason;
      const samples = probed.value;
      if (samples.length === 0) throw new Error('the loop ended before a probe did: give it more --items');
      const facts = { items, probes: samples.length };
      return [[0.5, 'p50'] as const, [0.99, 'p99'] as const].map(([p, name]) =>
        row({
          key: `fairness/${name}`,
          label: `one-step execution during a loop of ${String(items)} items, ${name}`,
          unit: 'ms',
          samples: [quantile(samples, p)],
          facts,
        }),
      );
    }),
};

/** Milliseconds of executions that began and ended while the loop ran. */
async function probes(stage: Stage, path: string, over: () => boolean): Promise<number[]> {
  while (!over() && !(await loopRuns(stage))) await pause(LOOK_MS);
  const samples: number[] = [];
  while (!over() && samples.length < PROBES) {
    const startedAt = performance.now();
    await toEnd(stage, path);
    const ms = performance.now() - startedAt;
    if (await loopRuns(stage)) samples.push(ms);
  }
  return samples;
}

async function loopRuns({ db }: Stage): Promise<boolean> {
  const { rowCount } = await db.query(
    `SELECT FROM noetl.loop WHERE state = 'open' AND next_index > 0 LIMIT 1`,
  );
  return rowCount === 1;
}
