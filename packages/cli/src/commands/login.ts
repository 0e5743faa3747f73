/** `login`, `logout` and `whoami`: which token the other commands send to a server. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { Schemas } from '@noetl/client';
import { grantText } from '@noetl/protocol';
import { Client } from '../client.ts';
import { usageError } from '../failure.ts';
import { keepToken } from '../login.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';
import { Terminal } from '../terminal.ts';

type Caller = Schemas['Caller'];

const EXAMPLES = `
Examples:
  noetl login --server https://noetl.example.com        asks for the token, and does not show it
  vault read -field=token secret/noetl | noetl login --server https://noetl.example.com

The token is kept in tokens.json of your configuration folder, for you alone; NOETL_TOKEN goes before it.`;

export function addLoginCommands(program: Command): void {
  remote(program.command('login'))
    .description('Keep a token for a server, after asking the server whose it is')
    .option('--token <token>', 'the token; better typed or piped, since others see what commands are given')
    .addHelpText('after', EXAMPLES)
    .action(async (options: RemoteOptions & { token?: string }) => {
      const terminal = new Terminal(options);
      const token = (options.token ?? (await askedFor())).trim();
      if (token === '') throw usageError('there is no token', 'Give one with --token, or on standard input.');
      const client = new Client(options.server, token);
      const caller = await client.ask(client.api.GET('/api/whoami'));
      const file = keepToken(client.url, token);
      if (options.json) terminal.printJson({ server: client.url, file, ...caller });
      else terminal.print(`${described(caller, client.url)}\nThe token is kept in ${file}`);
    });
  remote(program.command('logout'))
    .description('Forget the token of a server; it stays valid until it is revoked or expires')
    .action((options: RemoteOptions) => {
      const terminal = new Terminal(options);
      const { url } = new Client(options.server);
      keepToken(url, undefined);
      if (options.json) terminal.printJson({ server: url });
      else terminal.print(`signed out of ${url}`);
    });
  remote(program.command('whoami'))
    .description('Show whom a server takes you for, and what you may do')
    .action(async (options: RemoteOptions) => {
      const { client, terminal } = connect(options);
      const caller = await client.ask(client.api.GET('/api/whoami'));
      if (options.json) terminal.printJson({ server: client.url, ...caller });
      else terminal.print(described(caller, client.url));
    });
}

function described({ name, auth, grants }: Caller, url: string): string {
  if (auth === 'off') return `${url} asks nobody to sign in: you may do everything`;
  const may = grants.length === 0 ? 'nothing' : grants.map(grantText).join(', ');
  return `${name} at ${url}: ${may}`;
}

/** Standard input, or on a terminal a question whose answer is not shown. */
async function askedFor(): Promise<string> {
  if (!process.stdin.isTTY) return textOf(process.stdin);
  process.stderr.write('Token: ');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return await lines.question('');
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
