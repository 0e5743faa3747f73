/** `demo`: the heavy loop on throwaway services, checked against Postgres and K/V. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { EXIT, usageError } from '../failure.ts';
import { onInterruption } from '../interruption.ts';
import { sweepOwned } from '../local/owner.ts';
import { STATE, TOOLS } from '../local/place.ts';
import { Platform } from '../local/platform.ts';
import { startLocalServices } from '../local/services.ts';
import type { HeavyLoop, HeavyLoopOutcome } from '../heavy-loop.ts';
import { grouped, Terminal } from '../terminal.ts';
import { wholeNumber } from './events.ts';

interface DemoOptions extends HeavyLoop {
  workers: number;
  json: boolean;
}

const EXAMPLES = `
Examples:
  noetl demo --items 1000 --padding 500 --workers 2
  noetl demo --items 100000 --mode parallel --workers 4 --json
  noetl demo --items 1000 --delay 0.01 --language javascript`;

export function addDemoCommand(program: Command, exitWith: (code: number) => void): void {
  program
    .command('demo')
    .description('Run the heavy loop on throwaway services and show that every item is counted exactly once')
    .option('--items <n>', 'items in the loop', wholeNumber, 100)
    .option('--padding <n>', 'bytes of padding in each result', wholeNumber, 100)
    .option('--delay <seconds>', 'time each item takes', seconds, 0)
    .option('--workers <n>', 'worker processes', wholeNumber, 2)
    .addOption(
      new Option('--mode <mode>', 'loop mode').choices(['sequential', 'parallel']).default('sequential'),
    )
    .addOption(
      new Option('--language <name>', 'language of the steps')
        .choices(['python', 'javascript'])
        .default('python'),
    )
    .option('--json', 'end with one line of JSON', false)
    .addHelpText('after', EXAMPLES)
    .action(async (options: DemoOptions) => {
      if (options.workers < 1) throw usageError('--workers: at least one is needed');
      const passed = await demo(options, options.workers, options.json);
      exitWith(passed ? EXIT.completed : EXIT.failed);
    });
}

/** Parses a duration given as an option. */
export function seconds(text: string): number {
  const value = Number(text);
  if (text === '' || !(value >= 0)) throw new InvalidArgumentError('Expected seconds, for example 0.01.');
  return value;
}

async function demo(loop: HeavyLoop, workers: number, json: boolean): Promise<boolean> {
  const terminal = new Terminal({ json });
  await sweepOwned(STATE, 'demo-');
  const dir = join(STATE, `demo-${String(process.pid)}`);
  const cleanup: { stop: () => Promise<void>; abandon: () => void }[] = [];
  const interruption = onInterruption(() => {
    for (const part of cleanup) part.abandon();
  });
  try {
    terminal.progress('Starting PostgreSQL and NATS');
    const services = await startLocalServices({
      dir,
      toolDir: TOOLS,
      env: process.env,
      log: (message) => terminal.progress(message),
    });
    cleanup.unshift({ stop: () => services.remove(), abandon: () => services.abandon() });
    terminal.progress(`Starting API, ${String(workers)} workers and aggregator`);
    const { databaseUrl, natsUrl, own } = services;
    // As where others can reach the api: nobody but this run has its token.
    const token = randomBytes(32).toString('base64url');
    const env = { NOETL_AUTH: 'on', NOETL_ADMIN_TOKEN: token, NOETL_HOST: '127.0.0.1' };
    const logDir = join(dir, 'logs');
    const platform = await Platform.start({ databaseUrl, natsUrl, own, workers, logDir, env });
    cleanup.unshift(platform);
    const { runHeavyLoop } = await import('../heavy-loop.ts');
    const running = runHeavyLoop({ url: platform.url, token, databaseUrl, natsUrl }, loop, terminal);
    const outcome = await Promise.race([running, interruption.requested]);
    return outcome === undefined ? false : show(terminal, outcome);
  } finally {
    terminal.hide();
    for (const part of cleanup) await part.stop();
    interruption.release();
    await sweepOwned(STATE, 'demo-', process.pid);
  }
}

/** The last words: the seed's box, or with `--json` one line of facts. */
function show(terminal: Terminal, outcome: HeavyLoopOutcome): boolean {
  const { status, items, seconds, items_per_second, rows, kv_completed_count } = outcome.facts;
  terminal.note(
    `${grouped(items)} items in ${seconds.toFixed(2)} s (${grouped(items_per_second)} items/s); ` +
      `rows in Postgres: ${grouped(rows)}; completed_count in K/V: ${grouped(kv_completed_count)}`,
  );
  if (outcome.failure !== undefined) terminal.note(outcome.failure);
  if (outcome.box !== '') terminal.print(outcome.box);
  if (terminal.json) terminal.printJson(outcome.facts);
  return status === 'PASSED';
}
