/** `events ID`: the event log of an execution, in order. */
import { type Command, InvalidArgumentError } from 'commander';
import type { EventView } from '../client.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';

interface EventsOptions extends RemoteOptions {
  after?: string;
  limit: number;
  iterations: boolean;
}

const PAGE = 500;

export function addEventsCommand(program: Command): void {
  remote(program.command('events'))
    .description('List the events of an execution in order')
    .argument('<execution-id>')
    .option('--after <event-id>', 'only events after this one')
    .option('--limit <n>', 'at most this many', wholeNumber, 1000)
    .option('--iterations', 'with one event for each iteration of a loop', false)
    .addHelpText('after', '\nExample:\n  noetl events 4127890123456789 --json --limit 100 | jq .event_type')
    .action(async (id: string, options: EventsOptions) => {
      const { client, terminal } = connect(options);
      let { after } = options;
      for (let left = options.limit; left > 0;) {
        const limit = Math.min(left, PAGE);
        const { events } = await client.events(id, { after, limit, iterations: options.iterations });
        for (const event of events) {
          if (options.json) terminal.printJson(event);
          else terminal.print(line(event));
          after = event.event_id;
        }
        if (events.length < limit) return;
        left -= events.length;
      }
    });
}

function line({ event_id, event_type, node_name, status, error }: EventView): string {
  const text = `${event_id}  ${event_type.padEnd(20)} ${status.padEnd(10)} ${node_name}`;
  return error === null ? text : `${text}  ${error}`;
}

/** Parses a count given as an option. */
export function wholeNumber(text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('Expected a whole number.');
  return value;
}
