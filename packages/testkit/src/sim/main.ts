/** `npm run sim -- --seed N --runs K`: seeded runs of the models, until one breaks a promise. */
import { Command, Option } from 'commander';
import ora from 'ora';
import { wholeNumber } from '../options.ts';
import { MUTATIONS, type Mutation } from './mutation.ts';
import { run, type RunResult } from './run.ts';

interface Options {
  seed: number;
  runs: number;
  json: boolean;
  log: boolean;
  keepGoing: boolean;
  mutate?: Mutation;
}

/** Lines of the log that a violation is shown with. */
const LAST_LINES = 40;
const PROGRESS_EVERY = 50;

const mutations = Object.entries(MUTATIONS).map(([name, what]) => `  ${name.padEnd(10)} ${what}`);
const HELP = `
Mutations, errors put in on purpose to show that they are found:
${mutations.join('\n')}

Each run is decided by its seed alone: run N of --seed S is that of --seed S+N --runs 1.
Exit code 1: a promise was broken; the seed and the last ${String(LAST_LINES)} lines of its log are printed.

Examples:
  npm run sim -- --seed 1 --runs 10000
  npm run sim -- --seed 4711 --log
  npm run sim -- --runs 500 --mutate no-fence`;

async function main(): Promise<void> {
  const program = new Command('sim')
    .description('Run playbooks on models of Postgres, NATS and all processes, under faults, in virtual time')
    .option('--seed <n>', 'seed of the first run', wholeNumber, 1)
    .option('--runs <n>', 'how many runs', wholeNumber, 1)
    .option('--json', 'one line of JSON at the end', false)
    .option('--log', 'print the whole log of each run', false)
    .option('--keep-going', 'do not stop at the first violation', false)
    .addOption(new Option('--mutate <name>', 'put an error in').choices(Object.keys(MUTATIONS)))
    .addHelpText('after', HELP);
  program.parse();
  const summary = await runAll(program.opts<Options>());
  process.exitCode = summary.violations > 0 ? 1 : 0;
}

interface Summary {
  runs: number;
  violations: number;
  seeds: number[];
  executions: number;
  events: number;
  items: number;
  virtual_s: number;
  seconds: number;
}

async function runAll({ seed, runs, json, log, keepGoing, mutate }: Options): Promise<Summary> {
  const startedAt = performance.now();
  const summary = {
    runs: 0,
    violations: 0,
    seeds: [] as number[],
    executions: 0,
    events: 0,
    items: 0,
    virtual_s: 0,
  };
  const progress = ora({ text: 'running', stream: process.stderr }).start();
  for (let at = seed; at < seed + runs && (keepGoing || summary.violations === 0); at += 1) {
    const result = run(at, mutate);
    summary.runs += 1;
    summary.executions += result.executions;
    summary.events += result.events;
    summary.items += result.items;
    summary.virtual_s += result.virtualMs / 1_000;
    if (result.violation !== undefined) {
      summary.violations += 1;
      summary.seeds.push(at);
      progress.clear();
      if (!json) process.stdout.write(told(result, log));
    } else if (log) process.stdout.write(`${result.log.join('\n')}\n`);
    if (summary.runs % PROGRESS_EVERY === 0) {
      progress.text = `${String(summary.runs)} of ${String(runs)} runs, ${String(summary.violations)} violations`;
      // The runs themselves never wait, so the terminal gets its turn here.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  progress.stop();
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  const total = { ...summary, virtual_s: Math.round(summary.virtual_s), seconds };
  process.stdout.write(json ? `${JSON.stringify(total)}\n` : sentence(total, mutate));
  return total;
}

function told({ seed, violation, log }: RunResult, all: boolean): string {
  const shown = all ? log : log.slice(-LAST_LINES);
  return `${shown.join('\n')}\n\nSeed ${String(seed)} broke a promise: ${violation ?? ''}\n`;
}

function sentence(summary: Summary, mutation: Mutation | undefined): string {
  const { runs, violations, executions, events, items, virtual_s, seconds } = summary;
  const counted = (count: number, noun: string): string =>
    `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
  const mutated = mutation === undefined ? '' : `Mutation ${mutation}: ${MUTATIONS[mutation]}.\n`;
  const found = violations === 0 ? 'no violation' : counted(violations, 'violation');
  const did = `${counted(executions, 'execution')}, ${counted(items, 'item')}, ${counted(events, 'event')}`;
  const took = `${String(virtual_s)} s of virtual time in ${String(seconds)} s`;
  return `${mutated}${counted(runs, 'run')}, ${found}: ${did}; ${took}.\n`;
}

await main();
