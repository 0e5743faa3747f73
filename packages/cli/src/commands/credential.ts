/** `credential …`: what steps use to reach databases and services; written, never shown. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { isJsonObject, type JsonObject } from '@noetl/protocol';
import { assign } from '../assignments.ts';
import { usageError } from '../failure.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';

interface SetOptions extends RemoteOptions {
  type: string;
  data?: string;
  set: string[];
}

const EXAMPLES = `
Examples:
  noetl credential set shop --type bearer --data token.json
  noetl credential set warehouse --type postgres --data password.json --set db_host=db --set db_user=me --set db_name=dw
  vault read -format=json secret/shop | noetl credential set shop --type bearer --data -

Other users of this machine can read what stands after --set while the command runs: secrets belong into --data.`;

export function addCredentialCommand(program: Command): void {
  const credential = program
    .command('credential')
    .description('Credentials that steps name: postgres, nats, bearer, basic, api_key, oauth2, generic')
    .addHelpText('after', EXAMPLES);
  remote(credential.command('set'))
    .description('Create or replace a credential')
    .argument('<name>')
    .requiredOption('--type <type>', 'postgres, nats, bearer, basic, api_key, oauth2 or generic')
    .option('--data <file>', 'its fields as a JSON object; - reads standard input')
    .option(
      '--set <name=value>',
      'one field; may be repeated',
      (value: string, all: string[]) => [...all, value],
      [],
    )
    .action(async (name: string, options: SetOptions) => {
      const { client, terminal } = connect(options);
      const data = assign(options.data === undefined ? {} : await fields(options.data), options.set);
      const saved = await client.ask(
        client.api.POST('/api/credentials', { body: { name, type: options.type, data } }),
      );
      if (options.json) terminal.printJson(saved);
      else terminal.print(`credential ${name} saved`);
    });
  remote(credential.command('list'))
    .description('Show names and types')
    .action(async (options: RemoteOptions) => {
      const { client, terminal } = connect(options);
      const { items } = await client.ask(client.api.GET('/api/credentials'));
      for (const item of items) {
        if (options.json) terminal.printJson(item);
        else terminal.print(`${item.name}  ${item.type}`);
      }
    });
  remote(credential.command('remove'))
    .description('Delete a credential')
    .argument('<name>')
    .action(async (name: string, options: RemoteOptions) => {
      const { client, terminal } = connect(options);
      const answer = await client.ask(
        client.api.DELETE('/api/credentials/{name}', { params: { path: { name } } }),
      );
      if (options.json) terminal.printJson(answer);
      else terminal.print(`credential ${name} deleted`);
    });
}

async function fields(file: string): Promise<JsonObject> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file === '-' ? '/dev/stdin' : file, 'utf8'));
  } catch (cause) {
    throw usageError(
      `cannot read ${file} as JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
  if (isJsonObject(value)) return value;
  throw usageError(`${file} must hold a JSON object`);
}
