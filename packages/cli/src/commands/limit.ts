/** `limit …`: how many calls may run at once or come a second under a name. */
import { InvalidArgumentError, type Command } from 'commander';
import type { Schemas } from '@noetl/client';
import { connect, remote, type RemoteOptions } from '../remote.ts';
import { wholeNumber } from './events.ts';

interface SetOptions extends RemoteOptions {
  maxConcurrent?: number;
  rate?: number;
  burst?: number;
}

const EXAMPLES = `
Keys: host:<name>, host:<name>:<port>, credential:<name>, or a name that steps give in spec.policy.limit.

Examples:
  noetl limit set host:api.example.com --rate 20 --burst 40
  noetl limit set credential:warehouse --max-concurrent 8
  noetl limit list`;

export function addLimitCommand(program: Command): void {
  const limit = program
    .command('limit')
    .description('Limit calls to hosts, with credentials, or of steps; changed while they run')
    .addHelpText('after', EXAMPLES);
  remote(limit.command('set'))
    .description('Set a limit, or change it')
    .argument('<key>')
    .option('--max-concurrent <calls>', 'calls at once', wholeNumber)
    .option('--rate <calls>', 'calls a second', positiveNumber)
    .option(
      '--burst <calls>',
      'calls that may come at once after a silence; one second of the rate',
      positiveNumber,
    )
    .action(async (key: string, options: SetOptions) => {
      const { maxConcurrent, rate, burst } = options;
      const { client, terminal } = connect(options);
      const body = { max_concurrent: maxConcurrent ?? null, rate: rate ?? null, burst: burst ?? null };
      const answer = await client.ask(client.api.PUT('/api/limits/{key}', { ...place(key), body }));
      if (options.json) terminal.printJson(answer);
      else terminal.print(line(answer));
    });
  remote(limit.command('list'))
    .description('Show all limits and what runs under them')
    .action(async (options: RemoteOptions) => {
      const { client, terminal } = connect(options);
      const { limits } = await client.ask(client.api.GET('/api/limits'));
      for (const item of limits) {
        if (options.json) terminal.printJson(item);
        else terminal.print(line(item));
      }
    });
  remote(limit.command('delete').alias('remove'))
    .description('Let calls go without it')
    .argument('<key>')
    .action(async (key: string, options: RemoteOptions) => {
      const { client, terminal } = connect(options);
      const answer = await client.ask(client.api.DELETE('/api/limits/{key}', place(key)));
      if (options.json) terminal.printJson(answer);
      else terminal.print(`limit ${key} deleted`);
    });
}

function place(key: string): { params: { path: { key: string } } } {
  return { params: { path: { key } } };
}

function positiveNumber(text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('Give a number above 0.');
}

function line({
  key,
  max_concurrent,
  rate,
  burst,
  running,
  waiting,
  paused_until,
}: Schemas['Limit']): string {
  const parts = [
    ...told(max_concurrent, (count) => `${count} at once`),
    ...told(rate, (calls) => `${calls} a second (burst ${String(burst)})`),
    `${String(running)} running`,
    `${String(waiting)} waiting`,
    ...told(paused_until, (time) => `paused until ${time}`),
  ];
  return `${key}  ${parts.join(', ')}`;
}

function told(value: string | number | null, tell: (text: string) => string): string[] {
  return value === null ? [] : [tell(String(value))];
}
