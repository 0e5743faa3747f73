/** `npm run chaos`: a heavy loop while everything is killed, and what is left of it. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { LOOP_MUTATIONS } from '../mutate/mutations.ts';
import { wholeNumber } from '../options.ts';
import { isGood, tableOf } from './report.ts';
import { runChaos } from './run.ts';
import { isKill, KINDS, scheduleOf, type FaultKind } from './schedule.ts';

interface Options {
  seed: number;
  kills: number;
  items: number;
  workers: number;
  ackWait: number;
  only: FaultKind[];
  slower: number;
  links: boolean;
  mutate?: string;
  plan: boolean;
  json: boolean;
}

const EXAMPLES = `
The last line of the output is JSON; the exit code is 1 when anything was lost, doubled, joined early, stuck or wrong.

Examples:
  npm run chaos -- --seed 1 --kills 20 --items 10000
  npm run chaos -- --seed 1 --kills 1000 --items 1000000 --json
  npm run chaos -- --seed 1 --kills 20 --plan`;

function atLeastOne(text: string): number {
  const value = Number(text);
  if (!(value >= 1)) throw new InvalidArgumentError('give a number, at least 1.');
  return value;
}

function kinds(text: string): FaultKind[] {
  const chosen = text.split(',').map((word) => word.trim()) as FaultKind[];
  const unknown = chosen.find((kind) => !KINDS.includes(kind));
  if (unknown !== undefined) throw new InvalidArgumentError(`there is no fault "${unknown}".`);
  if (!chosen.some(isKill)) throw new InvalidArgumentError('at least one of them must kill something.');
  return chosen;
}

async function main(): Promise<void> {
  const program = new Command('chaos')
    .description(
      'Run heavy loops while workers, api, aggregator, NATS and Postgres are killed; then check everything',
    )
    .option('--seed <n>', 'the schedule follows from it', wholeNumber, 1)
    .option('--kills <n>', 'processes to kill', wholeNumber, 20)
    .option('--items <n>', 'items of all loops together', wholeNumber, 10_000)
    .option('--workers <n>', 'worker processes', wholeNumber, 3)
    .option('--ack-wait <s>', 'seconds after which a silent worker counts as dead', atLeastOne, 3)
    .option('--only <kinds>', `these faults only, of ${KINDS.join(', ')}`, kinds, [...KINDS])
    .option('--slower <factor>', 'more time between the faults', atLeastOne, 1)
    .option('--links', 'a proxy on every link; links fall silent and break as well', false)
    .addOption(new Option('--mutate <name>', 'break the product on purpose').choices(LOOP_MUTATIONS))
    .option('--plan', 'print the schedule and stop', false)
    .option('--json', 'nothing but the JSON', false)
    .addHelpText('after', EXAMPLES);
  program.parse();
  const options = program.opts<Options>();
  if (options.plan) {
    for (const fault of scheduleOf(options)) process.stdout.write(`${JSON.stringify(fault)}\n`);
    return;
  }
  const began = performance.now();
  const log = (line: string): void => {
    if (!options.json)
      process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1)} s  ${line}\n`);
  };
  const verdict = await runChaos({ ...options, ack_wait_s: options.ackWait, log });
  if (!options.json) process.stderr.write(`\n${tableOf(verdict)}\n\n${verdict.wrong.join('\n')}\n`);
  process.stdout.write(`${JSON.stringify(verdict)}\n`);
  process.exit(isGood(verdict) ? 0 : 1);
}

await main();
