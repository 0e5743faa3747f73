/** `server`, `worker` and `aggregator`: the single processes, configured by the environment alone. */
import type { Command } from 'commander';
import type { Config, Log } from '@noetl/service';

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
}

/** Processes of `noetl dev` and of tests end by themselves when their parent was killed. */
function endWithParent(): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, PARENT_EVERY_MS);
  timer.unref();
}
