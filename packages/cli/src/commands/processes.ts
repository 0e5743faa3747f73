/** `server`, `worker`, `aggregator` and `migrate`: the single processes, configured by the environment alone. */
import type { Command } from 'commander';
import type { Config, Log } from '@noetl/service';
import { CliFailure, EXIT } from '../failure.ts';
import { Terminal } from '../terminal.ts';

/** How often a process looks whether the one that started it still runs. */
const PARENT_EVERY_MS = 1000;

type Runner = (config: Config, log: Log) => Promise<void>;

/** Loaded only when asked for: a worker needs no web server, and `noetl status` none of them. */
const RUNNERS: Record<string, { description: string; load: () => Promise<Runner> }> = {
  server: {
    description: 'Run the API and the orchestrator until SIGTERM',
    load: async () => (await import('@noetl/api')).runApi,
  },
  worker: {
    description: 'Run one worker until SIGTERM',
    load: async () => (await import('@noetl/worker')).runWorker,
  },
  aggregator: {
    description: 'Run the aggregator until SIGTERM',
    load: async () => (await import('@noetl/aggregator')).runAggregator,
  },
};

export function addProcessCommands(program: Command): void {
  for (const [name, { description, load }] of Object.entries(RUNNERS)) {
    program
      .command(name)
      .description(`${description} (DATABASE_URL, NATS_URL, NOETL_… from the environment)`)
      .action(async () => {
        const { createLog, loadConfig } = await import('@noetl/service');
        const config = loadConfig(process.env);
        const log = createLog({ name, level: config.logLevel, format: config.logFormat });
        if (process.env.NOETL_EXIT_WITH_PARENT === '1') endWithParent();
        const run = await load();
        await run(config, log);
      });
  }
  program
    .command('migrate')
    .description('Bring the database of DATABASE_URL to the present schema; safe to run by many at once')
    .option('--json', 'print JSON', false)
    .action(async (options: { json: boolean }) => {
      const { applied, roles } = await migrateDatabase();
      const terminal = new Terminal(options);
      if (options.json) {
        terminal.printJson({ applied, roles });
        return;
      }
      terminal.print(applied.length === 0 ? 'The schema is up to date.' : `Applied ${applied.join(', ')}.`);
      if (!roles)
        terminal.note('This login may not make roles, so all processes have to run as it: see CREATEROLE.');
    });
}

async function migrateDatabase(): Promise<{ applied: string[]; roles: boolean }> {
  const url = process.env.DATABASE_URL;
  if (url === undefined)
    throw new CliFailure('CONFIG_INVALID', 'DATABASE_URL is not set', { exitCode: EXIT.usage });
  const { connectStore, grantPrivileges, migrate } = await import('@noetl/store');
  const store = connectStore({
    url,
    maxConnections: 1,
    applicationName: 'noetl-migrate',
    onError: () => undefined,
  });
  try {
    const applied = await migrate(store);
    return { applied, roles: await grantPrivileges(store) };
  } finally {
    await store.close();
  }
}

/** Processes of `noetl dev` and of tests end by themselves when their parent was killed. */
function endWithParent(): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, PARENT_EVERY_MS);
  timer.unref();
}
