/** `list`, `rerun ID`, `cleanup`: executions as a whole. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Schemas } from '@noetl/client';
import { assign } from '../assignments.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';
import { wholeNumber } from './events.ts';

type Status = Schemas['ExecutionStatus'];
const STATUSES: readonly Status[] = ['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'];

interface ListOptions extends RemoteOptions {
  limit: number;
  path?: string;
  status?: Status;
}

interface RerunOptions extends RemoteOptions {
  set: string[];
}

interface CleanupOptions extends RemoteOptions {
  olderThan: number;
  dryRun: boolean;
}

export function addExecutionCommands(program: Command): void {
  remote(program.command('list'))
    .description('Show executions, the newest first')
    .option('--limit <n>', 'how many', wholeNumber, 20)
    .option('--path <path>', 'only those of this playbook')
    .addOption(statusOption())
    .action(async ({ limit, path, status, ...options }: ListOptions) => {
      const { client, terminal } = connect(options);
      const query = {
        limit,
        ...(path !== undefined && { path }),
        ...(status !== undefined && { status }),
      };
      const { executions } = await client.ask(client.api.GET('/api/executions', { params: { query } }));
      for (const item of executions) {
        const { execution_id, status: now, start_time, path: of } = item;
        if (options.json) terminal.printJson(item);
        else terminal.print([execution_id, now.padEnd(9), start_time, of].join('  '));
      }
    });
  remote(program.command('rerun'))
    .description('Start an execution again: the same version, the same values')
    .argument('<execution-id>')
    .option('--set <name=value>', 'a value that is different this time; may be repeated', collected, [])
    .action(async (id: string, options: RerunOptions) => {
      const { client, terminal } = connect(options);
      const body = { payload: assign({}, options.set) };
      const answer = await client.ask(
        client.api.POST('/api/executions/{id}/rerun', { params: { path: { id } }, body }),
      );
      if (options.json) terminal.printJson(answer);
      else terminal.print(`started execution ${answer.execution_id}`);
    });
  remote(program.command('cleanup'))
    .description('Cancel executions in which nothing happens any more')
    .option('--older-than <minutes>', 'without a sign of life for so long', minutes, 60)
    .option('--dry-run', 'only show which', false)
    .action(async ({ olderThan, dryRun, ...options }: CleanupOptions) => {
      const { client, terminal } = connect(options);
      const body = { older_than_minutes: olderThan, dry_run: dryRun };
      const answer = await client.ask(client.api.POST('/api/executions/cleanup', { body }));
      if (options.json) terminal.printJson(answer);
      else
        for (const id of answer.execution_ids) terminal.print(`${id} ${dryRun ? 'is stuck' : 'cancelled'}`);
    });
}

/** In upper or lower case, as the server takes it. */
export function statusOption(): Option {
  return new Option(
    '--status <status>',
    'only those: pending, running, completed, failed or cancelled',
  ).argParser((text: string) => {
    const status = STATUSES.find((known) => known === text.toUpperCase());
    if (status) return status;
    throw new InvalidArgumentError(`It must be one of ${STATUSES.join(', ').toLowerCase()}.`);
  });
}

function minutes(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number of minutes.');
  return value;
}

function collected(value: string, before: string[]): string[] {
  return [...before, value];
}
