/** Runs one scenario in a folder of its own; whatever it started is stopped, also when we are interrupted. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onInterruption, type Terminal } from '@noetl/cli';
import { STATE, sweepOwned } from '@noetl/cli/local';
import type { Row, RunOptions, Scenario } from './scenario.ts';

/** What a run is asked for. */
export type Wanted = Pick<
  RunOptions,
  'repeat' | 'items' | 'padding' | 'workers' | 'executions' | 'quick' | 'peers'
> & {
  /** Of one figure; after them it gets no more samples. */
  seconds?: number;
};

const PREFIX = 'bench-';

/** Undefined when it was interrupted. */
export async function runScenario(
  scenario: Scenario,
  wanted: Wanted,
  terminal: Terminal,
): Promise<Row[] | undefined> {
  await sweepOwned(STATE, PREFIX);
  const dir = join(STATE, `${PREFIX}${String(process.pid)}`);
  await mkdir(dir, { recursive: true });
  const stops: (() => Promise<void>)[] = [];
  const interruption = onInterruption(() => undefined);
  const run: RunOptions = {
    ...wanted,
    secondsPerFigure: wanted.seconds ?? Infinity,
    dir,
    progress: (text) => terminal.progress(`${scenario.name}: ${text}`),
    atEnd: (stop) => stops.unshift(stop),
  };
  try {
    const found = await Promise.race([scenario.run(run), interruption.requested]);
    if (found !== undefined) return found;
    for (const stop of stops) await stop();
    return undefined;
  } finally {
    terminal.hide();
    interruption.release();
    await rm(dir, { recursive: true, force: true });
  }
}
