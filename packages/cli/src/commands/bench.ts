/** `bench`: load on a deployment that runs, with more workers of this machine when asked for. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { EXIT, usageError } from '../failure.ts';
import { onInterruption } from '../interruption.ts';
import type { Load } from '../load/drive.ts';
import type { LoadOutcome } from '../load/outcome.ts';
import { STATE } from '../local/place.ts';
import { startWorkers } from '../local/workers.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';
import { grouped } from '../terminal.ts';
import { seconds } from './demo.ts';
import { wholeNumber } from './events.ts';

interface BenchOptions extends RemoteOptions, Load {
  workers: number;
  report?: string;
}

const EXAMPLES = `
Examples:
  noetl bench --items 100000 --mode parallel
  noetl bench --executions 50 --items 1000 --report load.html
  DATABASE_URL=… NATS_URL=… noetl bench --server https://noetl.example --workers 4 --delay 0.05`;

/** Items of the run before the measured one: workers start their runners. */
const WARM_ITEMS = 1_000;

export function addBenchCommand(program: Command, exitWith: (code: number) => void): void {
  remote(program.command('bench'))
    .description('Put load on a running NoETL: executions of the heavy loop, counted and timed')
    .option('--items <n>', 'items in each loop', wholeNumber, 10_000)
    .option('--executions <n>', 'executions started at once', wholeNumber, 1)
    .option('--padding <n>', 'bytes of padding in each result', wholeNumber, 100)
    .option('--delay <seconds>', 'time each item takes', seconds, 0)
    .addOption(
      new Option('--mode <mode>', 'loop mode').choices(['sequential', 'parallel']).default('parallel'),
    )
    .addOption(
      new Option('--language <name>', 'language of the steps')
        .choices(['python', 'javascript'])
        .default('python'),
    )
    .option(
      '--workers <n>',
      'workers to start here besides (needs DATABASE_URL and NATS_URL)',
      wholeNumber,
      0,
    )
    .option('--report <file>', 'write a page with the figures and a chart (HTML with SVG)')
    .addHelpText('after', EXAMPLES)
    .action(async (options: BenchOptions) => {
      if (options.items < 1 || options.executions < 1)
        throw usageError('--items and --executions: at least one is needed');
      const outcome = await bench(options);
      exitWith(outcome?.status === 'PASSED' ? EXIT.completed : EXIT.failed);
    });
}

/** Undefined when it was interrupted. */
async function bench(options: BenchOptions): Promise<LoadOutcome | undefined> {
  if (options.workers === 0) return measure(options);
  for (const name of ['DATABASE_URL', 'NATS_URL'])
    if (process.env[name] === undefined)
      throw usageError(
        `--workers: ${name} is not set`,
        'Set DATABASE_URL and NATS_URL to what the server uses.',
      );
  const dir = join(STATE, `load-${String(process.pid)}`);
  await mkdir(dir, { recursive: true });
  const workers = await startWorkers(options.workers, process.env, dir);
  const interruption = onInterruption(() => workers.abandon());
  try {
    return (await Promise.race([measure(options), interruption.requested])) ?? undefined;
  } finally {
    await workers.stop();
    interruption.release();
    await rm(dir, { recursive: true, force: true });
  }
}

async function measure(options: BenchOptions): Promise<LoadOutcome> {
  const { client, terminal } = connect(options);
  // Workers and all other commands start without what only this one needs.
  const { driveLoad } = await import('../load/drive.ts');
  const { outcomeOf, outcomeReport, outcomeTable } = await import('../load/outcome.ts');
  terminal.progress('warming up');
  const warm = { ...options, executions: 1, items: Math.min(WARM_ITEMS, options.items), delay: 0 };
  await driveLoad(client, warm, () => undefined);
  const all = grouped(options.items * options.executions);
  const { driven, progress } = await driveLoad(client, options, (done, passed) =>
    terminal.progress(`${grouped(done)} of ${all} items, ${grouped(done / passed)} items/s`),
  );
  terminal.hide();
  const outcome = outcomeOf(options, driven);
  if (options.report !== undefined) {
    const { reportPage } = await import('../report/index.ts');
    await writeFile(options.report, await reportPage(outcomeReport(outcome, progress, client.url)));
  }
  if (terminal.json) terminal.printJson(outcome);
  else terminal.print(outcomeTable(outcome));
  for (const { execution_id, status, succeeded } of outcome.failed)
    terminal.note(`${execution_id} ${status}, ${grouped(succeeded)} items`);
  return outcome;
}
