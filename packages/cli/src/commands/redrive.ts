/** `redrive ID`, `dead-letters ID`: what failed in loops, and running it again. */
import { Option, type Command } from 'commander';
import type { Schemas } from '@noetl/client';
import { follow } from '../follow.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';

interface RedriveOptions extends RemoteOptions {
  step: string;
  state?: 'failed' | 'not_started' | 'incomplete';
  indexes?: string;
  errorClass?: string;
  messageClass?: string;
  dryRun: boolean;
  wait: boolean;
}

interface DeadLettersOptions extends RemoteOptions {
  step?: string;
}

const EXAMPLES = `
Items must match all that is given; nothing given is refused.
Examples:
  noetl dead-letters 4127890123456789
  noetl redrive 4127890123456789 --step process_items --state failed --dry-run
  noetl redrive 4127890123456789 --step process_items --state incomplete --wait
  noetl redrive 4127890123456789 --step process_items --indexes 1,2,5-9`;

export function addRedriveCommands(program: Command, exitWith: (code: number) => void): void {
  remote(program.command('redrive'))
    .description('Run items of a loop again, and all that follows from it, after the end of an execution')
    .argument('<execution-id>')
    .requiredOption('--step <name>', 'the loop')
    .addOption(
      new Option('--state <state>', 'incomplete: failed or not started').choices([
        'failed',
        'not_started',
        'incomplete',
      ]),
    )
    .option('--indexes <list>', 'indexes and ranges of them: 1,2,5-9')
    .option('--error-class <name>', 'code or kind of the error: TOOL_TIMEOUT, rate_limit …')
    .option('--message-class <text>', 'message as dead-letters shows it')
    .option('--dry-run', 'only show how many, and the first of them', false)
    .option('--wait', 'show progress and output until it ends; the exit code tells how', false)
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: RedriveOptions) => {
      const { client, terminal } = connect(options);
      const body = {
        step: options.step,
        ...(options.state !== undefined && { state: options.state }),
        ...(options.indexes !== undefined && { indexes: options.indexes }),
        ...(options.errorClass !== undefined && { error_class: options.errorClass }),
        ...(options.messageClass !== undefined && { message_class: options.messageClass }),
        ...(options.dryRun && { dry_run: true }),
      };
      const answer = await client.ask(
        client.api.POST('/api/executions/{id}/redrive', { params: { path: { id } }, body }),
      );
      const items = String(answer.items);
      if ('dry_run' in answer) {
        if (options.json) terminal.printJson(answer);
        else terminal.print(`${items} items would run again${sampleText(answer)}`);
        return;
      }
      if (options.json) terminal.printJson(answer);
      else terminal.print(`${id} run ${String(answer.run)}: ${items} items run again`);
      if (!options.wait) return;
      // From the event that opened the loop again.
      const before = BigInt(answer.loop_id) - 1n;
      exitWith(await follow(client, terminal, id, before.toString()));
    });
  remote(program.command('dead-letters'))
    .description('Show what failed in the loops of an execution, by what went wrong')
    .argument('<execution-id>')
    .option('--step <name>', 'only this loop')
    .action(async (id: string, options: DeadLettersOptions) => {
      const { client, terminal } = connect(options);
      const query = options.step === undefined ? {} : { step: options.step };
      const { groups } = await client.ask(
        client.api.GET('/api/executions/{id}/dead-letters', { params: { path: { id }, query } }),
      );
      for (const group of groups) {
        if (options.json) terminal.printJson(group);
        else terminal.print(groupText(group));
      }
    });
}

function groupText({ step, count, code, message_class, sample }: Schemas['DeadLetters']): string {
  return [count, step, code ?? '-', `first ${String(sample.index)}`, message_class].join('  ');
}

function sampleText({ sample, items }: Schemas['RedrivePreview']): string {
  const first = sample.map(({ index }) => String(index));
  if (first.length === 0) return '';
  return `: ${first.join(', ')}${first.length < items ? ', …' : ''}`;
}
