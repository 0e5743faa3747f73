/** `bulk ACTION`: cancels, pauses, resumes or redrives all executions that a filter names. */
import { Option, type Command } from 'commander';
import type { Schemas } from '@noetl/client';
import type { Client } from '../client.ts';
import { EXIT } from '../failure.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';
import { statusOption } from './executions.ts';

interface Filter {
  status?: string;
  path?: string;
  since?: string;
  until?: string;
}

interface BulkOptions extends RemoteOptions, Filter {
  dryRun: boolean;
}

interface CancelOptions extends BulkOptions {
  reason: string;
}

interface RedriveOptions extends BulkOptions {
  step: string;
  state?: 'failed' | 'not_started' | 'incomplete';
  indexes?: string;
  errorClass?: string;
  messageClass?: string;
}

type Page = Filter & { dry_run?: boolean; after?: string };
type Answer = Schemas['BulkPreview'] | Schemas['BulkDone'];
type Send = (client: Client, page: Page) => Promise<Answer>;

const EXAMPLES = `
Executions must match all that is given; nothing given is refused. Those to which it does not apply are left alone.
Examples:
  noetl bulk cancel --path nightly/report --status running --dry-run
  noetl bulk pause --path import/orders
  noetl bulk redrive --path import/orders --since 2026-01-31T00:00:00Z --step items --state failed`;

export function addBulkCommand(program: Command, exitWith: (code: number) => void): void {
  const bulk = program
    .command('bulk')
    .description('Cancel, pause, resume or redrive all executions that a filter names')
    .addHelpText('after', EXAMPLES);
  filtered(bulk, 'cancel', 'Cancel those that have not ended')
    .option('--reason <text>', 'kept with the executions', 'cancelled from the command line')
    .action(async ({ reason, ...options }: CancelOptions) => {
      await all(options, exitWith, ({ ask, api }, page) =>
        ask(api.POST('/api/bulk/cancel', { body: { ...page, reason } })),
      );
    });
  for (const [verb, about] of [
    ['pause', 'Start nothing new of those that run'],
    ['resume', 'Go on with those that are paused'],
  ] as const)
    filtered(bulk, verb, about).action(async (options: BulkOptions) => {
      await all(options, exitWith, ({ ask, api }, page) =>
        ask(api.POST(`/api/bulk/${verb}`, { body: page })),
      );
    });
  filtered(bulk, 'redrive', 'Run items of a loop again in those that have ended')
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
    .action(async ({ step, state, indexes, errorClass, messageClass, ...options }: RedriveOptions) => {
      const selection = {
        step,
        ...(state && { state }),
        ...(indexes !== undefined && { indexes }),
        ...(errorClass !== undefined && { error_class: errorClass }),
        ...(messageClass !== undefined && { message_class: messageClass }),
      };
      await all(options, exitWith, ({ ask, api }, page) =>
        ask(api.POST('/api/bulk/redrive', { body: { ...page, ...selection } })),
      );
    });
}

function filtered(bulk: Command, name: string, about: string): Command {
  return remote(bulk.command(name))
    .description(about)
    .option('--path <path>', 'only executions of this playbook')
    .addOption(statusOption())
    .option('--since <time>', 'started at or after this time')
    .option('--until <time>', 'started before this time')
    .option('--dry-run', 'only show how many, and the first of them', false);
}

/** Call after call until all are done. Ends with 1 when one of them was refused. */
async function all(options: BulkOptions, exitWith: (code: number) => void, send: Send): Promise<void> {
  const { client, terminal } = connect(options);
  const { path, status, since, until, dryRun } = options;
  const filter = {
    ...(path !== undefined && { path }),
    ...(status !== undefined && { status }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(dryRun && { dry_run: true }),
  };
  let changed = 0;
  let refused = 0;
  for (let after: string | null | undefined; after !== null;) {
    const answer = await send(client, { ...filter, ...(after !== undefined && { after }) });
    if (options.json) terminal.printJson(answer);
    if (answer.dry_run) {
      if (!options.json) terminal.print(previewText(answer));
      return;
    }
    changed += answer.changed.length;
    refused += answer.refused.length;
    for (const { execution_id, code, detail } of answer.refused)
      if (!options.json) terminal.note(`${execution_id} ${code}: ${detail}`);
    after = answer.next;
  }
  if (!options.json) terminal.print(`${String(changed)} changed, ${String(refused)} refused`);
  if (refused > 0) exitWith(EXIT.failed);
}

function previewText({ count, more, sample }: Schemas['BulkPreview']): string {
  const first = sample.map(
    ({ execution_id, status, path }) => `\n${execution_id} ${status.padEnd(9)} ${path}`,
  );
  return `${more ? 'more than ' : ''}${String(count)} executions${first.join('')}`;
}
