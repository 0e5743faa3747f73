/** `dev`: everything on this machine until Ctrl-C. Data stays under `.noetl/dev` for the next time. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Command } from 'commander';
import { Client } from '../client.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { onInterruption } from '../interruption.ts';
import { own } from '../local/owner.ts';
import { shippedPlaybooks, STATE, TOOLS } from '../local/place.ts';
import { Platform } from '../local/platform.ts';
import { startLocalServices } from '../local/services.ts';
import { Terminal } from '../terminal.ts';
import { wholeNumber } from './events.ts';
import { registerFile } from './register.ts';

interface DevOptions {
  port: number;
  workers: number;
  dataDir: string;
}

/** Nobody signs in, and nobody else reaches it, whatever the environment says of other servers. */
const ON_THIS_MACHINE = { NOETL_AUTH: 'off', NOETL_HOST: '127.0.0.1' };
const RESTART_AFTER_MS = 1000;

export function addDevCommand(program: Command): void {
  program
    .command('dev')
    .description(
      'Start everything on this machine: PostgreSQL, NATS, API, workers, aggregator; Ctrl-C stops it',
    )
    .option('--port <n>', 'port of the API', wholeNumber, Number(process.env.NOETL_PORT ?? 8082))
    .option('--workers <n>', 'worker processes', wholeNumber, 2)
    .option('--data-dir <dir>', 'where data and logs are kept', join(STATE, 'dev'))
    .action(dev);
}

async function dev(options: DevOptions): Promise<void> {
  const terminal = new Terminal({ json: false });
  await refuseTakenPort(options.port);
  const disown = await own(options.dataDir);
  const cleanup: { stop: () => Promise<void>; abandon: () => void }[] = [];
  const interruption = onInterruption(() => {
    for (const part of cleanup) part.abandon();
    disown();
  });
  try {
    terminal.progress('Starting PostgreSQL and NATS');
    const services = await startLocalServices({
      dir: options.dataDir,
      toolDir: TOOLS,
      env: process.env,
      log: (message) => terminal.progress(message),
    });
    cleanup.unshift(services);
    terminal.progress('Starting API, workers and aggregator');
    const platform = await Platform.start({
      databaseUrl: services.databaseUrl,
      natsUrl: services.natsUrl,
      own: services.own,
      port: options.port,
      workers: options.workers,
      logDir: join(options.dataDir, 'logs'),
      env: ON_THIS_MACHINE,
    });
    cleanup.unshift(platform);
    await registerShipped(platform.url, terminal);
    terminal.hide();
    terminal.print(
      welcome(platform.url, services.databaseUrl, services.natsUrl, join(options.dataDir, 'logs')),
    );
    await Promise.race([interruption.requested, keepAlive(platform, terminal, () => interruption.active)]);
    terminal.note('\nStopping …');
  } finally {
    for (const part of cleanup) await part.stop();
    disown();
    interruption.release();
  }
}

/** Somebody else's server on the port would answer for ours. */
async function refuseTakenPort(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const hint = 'Stop what runs there, or choose another with --port.';
      const message = `port ${String(port)} cannot be used: ${cause.code ?? cause.message}`;
      reject(new CliFailure('PORT_TAKEN', message, { exitCode: EXIT.failed, hint, cause }));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}

async function registerShipped(url: string, terminal: Terminal): Promise<void> {
  const client = new Client(url);
  for (const file of await shippedPlaybooks()) {
    const { path } = await registerFile(client, file);
    terminal.progress(`Registered ${path}`);
  }
}

/** Starts again what ends by itself; says so. Ends when `stopping` says so. */
async function keepAlive(platform: Platform, terminal: Terminal, stopping: () => boolean): Promise<void> {
  for (;;) {
    const name = await platform.firstToEnd();
    if (stopping()) return;
    terminal.note(`${name} has ended; starting it again. Its log: ${platform.logFile(name)}`);
    await pause(RESTART_AFTER_MS);
    if (stopping()) return;
    await platform.restart(name);
  }
}

function welcome(url: string, databaseUrl: string, natsUrl: string, logs: string): string {
  const shown = url.replace('127.0.0.1', 'localhost');
  return `
NoETL is ready: ${shown}

Register a playbook:
  curl -X POST ${shown}/api/catalog/register \\
    -H "Content-Type: application/yaml" \\
    --data-binary @playbooks/load_test/heavy_loop_aggregation/heavy_loop_aggregation.yaml

Run it:
  curl -X POST ${shown}/api/execute \\
    -H "Content-Type: application/json" \\
    -d '{"path": "load_test/heavy_loop_aggregation", "payload": {"workload": {"item_count": 1000}}}'

or  npm run noetl -- run load_test/heavy_loop_aggregation --set item_count=1000 --watch --server ${shown}

PostgreSQL  ${databaseUrl}
NATS        ${natsUrl}
Logs        ${logs}
Ctrl-C stops everything; data is kept.`;
}
