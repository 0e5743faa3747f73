/** `run PATH`: starts an execution and, with `--watch`, follows it to its end. */
import { type Command, Option } from 'commander';
import { assign, parsePayload } from '../assignments.ts';
import type { Started } from '../client.ts';
import { follow } from '../follow.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';
import type { Terminal } from '../terminal.ts';

interface RunOptions extends RemoteOptions {
  set: string[];
  payload?: string;
  watch: boolean;
  idempotencyKey?: string;
}

const EXAMPLES = `
Examples:
  noetl run load_test/heavy_loop_aggregation --set item_count=1000 --set result_padding_size=500 --watch
  noetl run examples/hello_world --payload '{"name": "Ada"}' --watch --json
  noetl run nightly/report --idempotency-key 2026-01-31`;

export function addRunCommand(program: Command, exitWith: (code: number) => void): void {
  const collect = (value: string, previous: string[]): string[] => [...previous, value];
  remote(program.command('run'))
    .description('Start an execution of a registered playbook')
    .argument('<path>', 'path of the playbook in the catalog')
    .addOption(
      new Option('--set <name=value>', 'set a workload value; dots reach into objects; JSON where it parses')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--payload <json>', 'workload values as a JSON object')
    .option('--idempotency-key <key>', 'the same key again gives the same execution')
    .option('--watch', 'show progress and output until it ends; the exit code tells how', false)
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, options: RunOptions) => {
      const { client, terminal } = connect(options);
      const given = options.payload === undefined ? {} : parsePayload(options.payload);
      const payload = assign(given, options.set);
      const started = await client.execute({ path }, payload, { idempotencyKey: options.idempotencyKey });
      if (!options.watch) {
        printStarted(terminal, started);
        return;
      }
      terminal.progress(`execution ${started.execution_id} of ${path}`);
      exitWith(await follow(client, terminal, started.execution_id));
    });
}

function printStarted(terminal: Terminal, started: Started): void {
  if (terminal.json) terminal.printJson(started);
  else terminal.print(`${started.execution_id} ${started.status}`);
}
