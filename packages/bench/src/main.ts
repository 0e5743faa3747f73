/** `npm run bench`: runs the scenarios asked for and says what they found. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onInterruption, Terminal } from '@noetl/cli';
import { STATE, sweepOwned } from '@noetl/cli/local';
import { Command, InvalidArgumentError } from 'commander';
import { machine } from './machine.ts';
import { figures } from './report/figures.ts';
import { table } from './report/table.ts';
import { QUICK, SCENARIOS } from './scenarios.ts';
import type { Row, RunOptions, Scenario } from './scenario.ts';

interface BenchOptions {
  quick: boolean;
  only?: string[];
  repeat: number;
  items: number[];
  padding: number[];
  workers: number;
  executions: number;
  json?: string;
}

const SHORT = { items: [10_000], padding: [100], executions: 50 };
const INTERRUPTED = 130;

const names = SCENARIOS.map(({ name, describe }) => `  ${name}: ${describe}`).join('\n');

const program = new Command('bench')
  .description('Measures NoETL on this machine, beside other ways to do the same work.')
  .option(
    '--quick',
    'the heavy loop at 10,000 items, the naive design and the step chain, in a minute',
    false,
  )
  .option('--only <names>', 'scenarios to run, separated by commas', scenarioNames)
  .option('--repeat <n>', 'measurements of each figure; the median counts', number, 3)
  .option('--items <list>', 'sizes of the loop', numbers, [1_000, 10_000, 100_000, 1_000_000])
  .option('--padding <list>', 'bytes of padding in each result', numbers, [100, 500])
  .option('--workers <n>', 'worker processes', number, 2)
  .option('--executions <n>', 'executions of short playbooks', number, 1_000)
  .option('--json <file>', 'write all figures as JSON')
  .addHelpText('after', `\nScenarios:\n${names}`)
  .action(bench);

await program.parseAsync(process.argv);

async function bench(given: BenchOptions): Promise<void> {
  const options = given.quick ? { ...given, ...SHORT } : given;
  const chosen = SCENARIOS.filter(({ name }) =>
    (given.only ?? (given.quick ? QUICK : allNames())).includes(name),
  );
  const terminal = new Terminal({ json: false });
  const rows: Row[] = [];
  for (const scenario of chosen) {
    terminal.note(`${scenario.name}: ${scenario.describe}`);
    const found = await runOne(scenario, options, terminal);
    terminal.print(`${table(found)}\n`);
    rows.push(...found);
  }
  if (options.json !== undefined)
    await writeFile(
      options.json,
      JSON.stringify({ ...figures(rows), machine: await machine(), rows }, null, 2) + '\n',
    );
}

/** One scenario in a folder of its own; whatever it started is stopped, also when we are interrupted. */
async function runOne(scenario: Scenario, options: BenchOptions, terminal: Terminal): Promise<Row[]> {
  await sweepOwned(STATE, 'bench-');
  const dir = join(STATE, `bench-${String(process.pid)}`);
  await mkdir(dir, { recursive: true });
  const stops: (() => Promise<void>)[] = [];
  const interruption = onInterruption(() => undefined);
  const run: RunOptions = {
    ...options,
    dir,
    progress: (text) => terminal.progress(`${scenario.name}: ${text}`),
    atEnd: (stop) => stops.unshift(stop),
  };
  try {
    const found = await Promise.race([scenario.run(run), interruption.requested]);
    if (found !== undefined) return found;
    for (const stop of stops) await stop();
    process.exit(INTERRUPTED);
  } finally {
    terminal.hide();
    interruption.release();
    await rm(dir, { recursive: true, force: true });
  }
}

function allNames(): string[] {
  return SCENARIOS.map(({ name }) => name);
}

function scenarioNames(text: string): string[] {
  const asked = text.split(',').map((name) => name.trim());
  const unknown = asked.filter((name) => !allNames().includes(name));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`There is no ${unknown.join(', ')}; there are ${allNames().join(', ')}.`);
  return asked;
}

function number(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number from 1.');
  return value;
}

function numbers(text: string): number[] {
  return text
    .split(',')
    .map(number)
    .sort((a, b) => a - b);
}
