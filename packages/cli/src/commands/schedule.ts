/** `schedule …`: starting playbooks at given times. */
import type { Command } from 'commander';
import { isJsonObject, jsonText, type Json, type JsonObject } from '@noetl/protocol';
import { assign } from '../assignments.ts';
import { usageError } from '../failure.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';
import { wholeNumber } from './events.ts';

interface AddOptions extends RemoteOptions {
  cron?: string;
  every?: number;
  timezone: string;
  missed: string;
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
      const { schedules } = (await client.call('GET', '/api/schedules')) as { schedules: JsonObject[] };
      for (const item of schedules) {
        if (options.json) terminal.printJson(item);
        else terminal.print(line(item));
      }
    });
  const one = (name: string, description: string, method: string, suffix = '', body?: JsonObject): void => {
    remote(schedule.command(name))
      .description(description)
      .argument('<schedule-id>')
      .action(async (id: string, options: RemoteOptions) => {
        const { client, terminal } = connect(options);
        const answer = await client.call(method, `/api/schedules/${encodeURIComponent(id)}${suffix}`, body);
        if (options.json) terminal.printJson(answer);
        else terminal.print(told(answer));
      });
  };
  one('run', 'Start it now, besides its times', 'POST', '/run', {});
  one('pause', 'Keep it, but start nothing', 'PATCH', '', { enabled: false });
  one('resume', 'Start it again at its times', 'PATCH', '', { enabled: true });
  one('remove', 'Delete it', 'DELETE');
}

function addCommand(schedule: Command): void {
  remote(schedule.command('add'))
    .description('Start a playbook by a cron expression or every so many seconds')
    .argument('<path>', 'path of the playbook in the catalog')
    .option('--cron <expression>', 'five fields, or six with seconds first')
    .option('--every <seconds>', 'interval', wholeNumber)
    .option('--timezone <name>', 'IANA time zone of the cron expression', 'UTC')
    .option('--missed <what>', 'runs that were due while nobody was there: skip, once or all', 'once')
    .option('--set <name=value>', 'part of the payload; may be repeated', collected, [])
    .action(async (path: string, options: AddOptions) => {
      const { cron, every, timezone, missed, set } = options;
      if ((cron === undefined) === (every === undefined)) throw usageError('give either --cron or --every');
      const { client, terminal } = connect(options);
      const when = cron === undefined ? { interval_seconds: every ?? null } : { cron };
      const input_payload = assign({}, set);
      const body = { playbook_path: path, ...when, timezone, missed_runs: missed, input_payload };
      const answer = await client.call('POST', '/api/schedules', body);
      if (options.json) terminal.printJson(answer);
      else terminal.print(told(answer));
    });
}

function collected(value: string, before: string[]): string[] {
  return [...before, value];
}

function told(answer: Json): string {
  if (!isJsonObject(answer)) return jsonText(answer);
  if (answer['execution_id'] !== undefined) return `started execution ${jsonText(answer['execution_id'])}`;
  return answer['playbook_path'] === undefined ? `schedule ${jsonText(answer['status'])}` : line(answer);
}

function line(item: JsonObject): string {
  const when =
    item['cron'] === null ? `every ${jsonText(item['interval_seconds'])} s` : jsonText(item['cron']);
  const next = item['enabled'] === true ? `next ${jsonText(item['next_run_at'])}` : 'paused';
  const { schedule_id, playbook_path, timezone } = item;
  return `${jsonText(schedule_id)}  ${jsonText(playbook_path)}  ${when} (${jsonText(timezone)})  ${next}`;
}
