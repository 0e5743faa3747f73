/** `audit`: who did what on a server, the newest first. */
import type { Command } from 'commander';
import { connect, remote, type RemoteOptions } from '../remote.ts';
import { wholeNumber } from './events.ts';

interface AuditOptions extends RemoteOptions {
  who?: string;
  action?: string;
  object?: string;
  outcome?: string;
  since?: string;
  until?: string;
  limit: number;
}

const PAGE = 500;
const EXAMPLES = `
Examples:
  noetl audit --limit 20
  noetl audit --outcome refused --since 2026-01-31T08:00:00Z
  noetl audit --who ci --action catalog.register --json`;

export function addAuditCommand(program: Command): void {
  remote(program.command('audit'))
    .description('Show who did what, the newest first; for admins')
    .option('--who <name>', 'only of this caller')
    .option('--action <name>', 'only this action, such as execution.start')
    .option('--object <name>', 'only of this object, such as "token 0123456789abcdef"')
    .option('--outcome <outcome>', 'done, refused, failed or aborted')
    .option('--since <time>', 'at or after this time')
    .option('--until <time>', 'before this time')
    .option('--limit <n>', 'entries', wholeNumber, 100)
    .addHelpText('after', EXAMPLES)
    .action(audit);
}

async function audit(options: AuditOptions): Promise<void> {
  const { client, terminal } = connect(options);
  const { who, action, object, outcome, since, until } = options;
  const filter = { who, action, object, outcome: outcome?.toUpperCase() as 'DONE' | undefined, since, until };
  let after: string | undefined;
  for (let left = options.limit; left > 0;) {
    const limit = Math.min(PAGE, left);
    const query = { limit, ...defined({ ...filter, after }) };
    const { entries, next } = await client.ask(client.api.GET('/api/audit', { params: { query } }));
    for (const entry of entries) {
      if (options.json) terminal.printJson(entry);
      else
        terminal.print(
          `${entry.time}  ${entry.who}  ${entry.outcome}  ${entry.action}  ${entry.object ?? ''}`.trimEnd(),
        );
    }
    if (next === null) return;
    after = next;
    left -= entries.length;
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
