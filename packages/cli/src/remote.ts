/** What commands that talk to a server have in common: where it is, and how to print. */
import type { Command } from 'commander';
import { Client } from './client.ts';
import { Terminal } from './terminal.ts';

const DEFAULT_SERVER = 'http://127.0.0.1:8082';

/** Options every command that talks to a server has. */
export interface RemoteOptions {
  server: string;
  json: boolean;
}

/** Adds `--server` and `--json`. */
export function remote(command: Command): Command {
  return command
    .option('--server <url>', 'address of the server', process.env.NOETL_SERVER_URL ?? DEFAULT_SERVER)
    .option('--json', 'print JSON, one document a line', false);
}

export function connect(options: RemoteOptions): { client: Client; terminal: Terminal } {
  return { client: new Client(options.server), terminal: new Terminal(options) };
}
