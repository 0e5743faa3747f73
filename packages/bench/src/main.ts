/** `npm run bench`: reads what is asked for, measures it, and says what was found. */
import { writeFile } from 'node:fs/promises';
import { Terminal } from '@noetl/cli';
import { Command, InvalidArgumentError } from 'commander';
import { machine } from './machine.ts';
import { PEERS } from './peers/catalogue.ts';
import { figures } from './report/figures.ts';
import { report, type Measured } from './report/report.ts';
import { cells, HEAD, table } from './report/table.ts';
import { VERDICT_HEAD, verdictCells, verdicts } from './report/targets.ts';
import { runScenario, type Wanted } from './run-scenario.ts';
import { QUICK, SCENARIOS } from './scenarios.ts';

interface BenchOptions extends Wanted {
  only?: string[];
  json?: string;
  report?: string;
}

/** Sizes of the short run, and the seconds after which a figure of it gets no more samples. */
const SHORT = { items: [10_000], padding: [100], executions: 50, seconds: 2 };

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
  .option(
    '--peers <names>',
    'other products to compare with, separated by commas; all when absent',
    peerNames,
  )
  .option('--repeat <n>', 'measurements of each figure; the median counts', number, 3)
  .option('--items <list>', 'sizes of the loop', numbers, [1_000, 10_000, 100_000, 1_000_000])
  .option('--padding <list>', 'bytes of padding in each result', numbers, [100, 500])
  .option('--workers <n>', 'worker processes', number, 2)
  .option('--executions <n>', 'executions of short playbooks', number, 1_000)
  .option('--json <file>', 'write all figures as JSON')
  .option('--report <file>', 'write a page with tables and charts (HTML with SVG)')
  .addHelpText('after', `\nScenarios:\n${names}`)
  .action(async (options: BenchOptions) => {
    process.exitCode = (await bench(options)) ? 0 : 1;
  });

await program.parseAsync(process.argv);

/** False when a scenario could not be measured. */
async function bench(given: BenchOptions): Promise<boolean> {
  const wanted = given.quick ? { ...given, ...SHORT } : given;
  const asked = given.only ?? (given.quick ? QUICK : allNames());
  const terminal = new Terminal({ json: false });
  const measured: Measured[] = [];
  const failures: Record<string, string> = {};
  for (const scenario of SCENARIOS.filter(({ name }) => asked.includes(name))) {
    terminal.note(`${scenario.name}: ${scenario.describe}`);
    try {
      const rows = await runScenario(scenario, wanted, terminal);
      if (rows === undefined) process.exit(INTERRUPTED);
      terminal.print(`${table(HEAD, rows.map(cells))}\n`);
      measured.push({ scenario, rows });
    } catch (error) {
      // What was measured before, and what comes after, is still worth having.
      failures[scenario.name] = error instanceof Error ? error.message : String(error);
      terminal.note(`${scenario.name} failed: ${failures[scenario.name] ?? ''}`);
    }
  }
  await tell(given, measured, failures, terminal);
  return Object.keys(failures).length === 0;
}

async function tell(
  { json, report: file, quick }: BenchOptions,
  measured: Measured[],
  failures: Record<string, string>,
  terminal: Terminal,
): Promise<void> {
  const rows = measured.flatMap((part) => part.rows);
  const held = verdicts(rows);
  const about = await machine();
  if (!quick) terminal.print(`${table(VERDICT_HEAD, held.map(verdictCells))}\n`);
  terminal.note(
    Object.entries(about)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', '),
  );
  if (json !== undefined) {
    const all = { ...figures(rows), machine: about, targets: held, failures, rows };
    await writeFile(json, JSON.stringify(all, null, 2) + '\n');
  }
  if (file !== undefined) {
    const { reportPage } = await import('@noetl/cli/report');
    await writeFile(file, await reportPage(report(measured, held, about)));
  }
}

function allNames(): string[] {
  return SCENARIOS.map(({ name }) => name);
}

function scenarioNames(text: string): string[] {
  return among(allNames(), text);
}

function peerNames(text: string): string[] {
  return among(
    PEERS.map(({ name }) => name),
    text,
  );
}

function among(known: string[], text: string): string[] {
  const asked = text.split(',').map((name) => name.trim());
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`There is no ${unknown.join(', ')}; there are ${known.join(', ')}.`);
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
