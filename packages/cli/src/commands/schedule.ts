/** `schedule …`: starting playbooks at given times. */
import { Option, type Command } from 'commander';
import type { Schemas } from '@noetl/client';
import { assign } from '../assignments.ts';
import { usageError } from '../failure.ts';
import type { Client } from '../client.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';
import { wholeNumber } from './events.ts';

type Schedule = Schemas['Schedule'];

interface AddOptions extends RemoteOptions {
  cron?: string;
  every?: number;
  timezone: string;
  missed: Schedule['missed_runs'];
  set: string[];
}

const EXAMPLES = `
Examples:
  noetl schedule add reports/daily --cron '0 6 * * 1-5' --timezone Europe/Berlin
  noetl schedule add import/orders --every 300 --set source=shop
  noetl schedule pause 4127890123456789`;

export function addScheduleCommand(program: Command): void {
  const schedule = program
    .command('schedule')
    .description('Start playbooks at given times')
    .addHelpText('after', EXAMPLES);
  addCommand(schedule);
  remote(schedule.command('list'))
    .description('Show all schedules')
    .action(async (options: RemoteOptions) => {
      const { client, terminal } = connect(options);
      const { schedules } = await client.ask(client.api.GET('/api/schedules'));
      for (const item of schedules) {
        if (options.json) terminal.printJson(item);
        else terminal.print(line(item));
      }
    });
  addChanges(schedule);
}

type Told = Schedule | { execution_id: string } | { status: string };

function addChanges(schedule: Command): void {
  const one = (
    name: string,
    description: string,
    ask: (client: Client, params: { path: { id: string } }) => Promise<Told>,
  ): void => {
    remote(schedule.command(name))
      .description(description)
      .argument('<schedule-id>')
      .action(async (id: string, options: RemoteOptions) => {
        const { client, terminal } = connect(options);
        const answer = await ask(client, { path: { id } });
        if (options.json) terminal.printJson(answer);
        else terminal.print(told(answer));
      });
  };
  const change = (enabled: boolean) => (client: Client, params: { path: { id: string } }) =>
    client.ask(client.api.PATCH('/api/schedules/{id}', { params, body: { enabled } }));
  one('run', 'Start it now, besides its times', (client, params) =>
    client.ask(client.api.POST('/api/schedules/{id}/run', { params })),
  );
  one('pause', 'Keep it, but start nothing', change(false));
  one('resume', 'Start it again at its times', change(true));
  one('remove', 'Delete it', (client, params) =>
    client.ask(client.api.DELETE('/api/schedules/{id}', { params })),
  );
}

function addCommand(schedule: Command): void {
  remote(schedule.command('add'))
    .description('Start a playbook by a cron expression or every so many seconds')
    .argument('<path>', 'path of the playbook in the catalog')
    .option('--cron <expression>', 'five fields, or six with seconds first')
    .option('--every <seconds>', 'interval', wholeNumber)
    .option('--timezone <name>', 'IANA time zone of the cron expression', 'UTC')
    .addOption(
      new Option('--missed <what>', 'runs that were due while nobody was there')
        .choices(['skip', 'once', 'all'])
        .default('once'),
    )
    .option('--set <name=value>', 'part of the payload; may be repeated', collected, [])
    .action(async (path: string, options: AddOptions) => {
      const { cron, every, timezone, missed, set } = options;
      if ((cron === undefined) === (every === undefined)) throw usageError('give either --cron or --every');
      const { client, terminal } = connect(options);
      const when = cron === undefined ? { interval_seconds: every ?? null } : { cron };
      const input_payload = assign({}, set);
      const body = { playbook_path: path, ...when, timezone, missed_runs: missed, input_payload };
      const answer = await client.ask(client.api.POST('/api/schedules', { body }));
      if (options.json) terminal.printJson(answer);
      else terminal.print(told(answer));
    });
}

function collected(value: string, before: string[]): string[] {
  return [...before, value];
}

function told(answer: Told): string {
  if ('execution_id' in answer) return `started execution ${answer.execution_id}`;
  return 'playbook_path' in answer ? line(answer) : `schedule ${answer.status}`;
}

function line(item: Schedule): string {
  const when = item.cron ?? `every ${String(item.interval_seconds)} s`;
  const next = item.enabled ? `next ${String(item.next_run_at)}` : 'paused';
  return `${item.schedule_id}  ${item.playbook_path}  ${when} (${item.timezone})  ${next}`;
}
