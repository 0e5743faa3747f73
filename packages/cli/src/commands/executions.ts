/** `list`, `rerun ID`, `cleanup`: executions as a whole. */
import { InvalidArgumentError, type Command } from 'commander';
import { jsonText, type JsonObject } from '@noetl/protocol';
import { assign } from '../assignments.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';
import { wholeNumber } from './events.ts';

interface ListOptions extends RemoteOptions {
  limit: number;
  path?: string;
  status?: string;
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
    .option('--status <status>', 'only those: pending, running, completed, failed or cancelled')
    .action(async ({ limit, path, status, ...options }: ListOptions) => {
      const { client, terminal } = connect(options);
      const wanted = {
        limit: String(limit),
        ...(path !== undefined && { path }),
        ...(status !== undefined && { status }),
      };
      const query = new URLSearchParams(wanted).toString();
      const { executions } = (await client.call('GET', `/api/executions?${query}`)) as {
        executions: JsonObject[];
      };
      for (const item of executions) {
        const { execution_id, status: now, start_time, path: of } = item;
        if (options.json) terminal.printJson(item);
        else
          terminal.print(
            [execution_id, jsonText(now ?? '').padEnd(9), start_time, of]
              .map((part) => jsonText(part ?? ''))
              .join('  '),
          );
      }
    });
  remote(program.command('rerun'))
    .description('Start an execution again: the same version, the same values')
    .argument('<execution-id>')
    .option('--set <name=value>', 'a value that is different this time; may be repeated', collected, [])
    .action(async (id: string, options: RerunOptions) => {
      const { client, terminal } = connect(options);
      const path = `/api/executions/${encodeURIComponent(id)}/rerun`;
      const answer = (await client.call('POST', path, { payload: assign({}, options.set) })) as JsonObject;
      if (options.json) terminal.printJson(answer);
      else terminal.print(`started execution ${jsonText(answer['execution_id'] ?? '')}`);
    });
  remote(program.command('cleanup'))
    .description('Cancel executions in which nothing happens any more')
    .option('--older-than <minutes>', 'without a sign of life for so long', minutes, 60)
    .option('--dry-run', 'only show which', false)
    .action(async ({ olderThan, dryRun, ...options }: CleanupOptions) => {
      const { client, terminal } = connect(options);
      const body = { older_than_minutes: olderThan, dry_run: dryRun };
      const answer = (await client.call('POST', '/api/executions/cleanup', body)) as {
        execution_ids: string[];
      };
      if (options.json) terminal.printJson(answer);
      else
        for (const id of answer.execution_ids) terminal.print(`${id} ${dryRun ? 'is stuck' : 'cancelled'}`);
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
