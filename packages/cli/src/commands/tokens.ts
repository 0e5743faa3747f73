/** `tokens …`: API tokens of a server; the first one straight in its database, since nobody can ask for it yet. */
import { InvalidArgumentError, type Command } from 'commander';
import type { Schemas } from '@noetl/client';
import { grantText, NoetlError, parseGrant, type Grant } from '@noetl/protocol';
import { onDatabase } from '../local/on-database.ts';
import { CliFailure, EXIT, usageError } from '../failure.ts';
import { connect, remote, type RemoteOptions } from '../remote.ts';
import { Terminal } from '../terminal.ts';

type Token = Schemas['Token'];

interface CreateOptions extends RemoteOptions {
  grant: Grant[];
  days: number;
  forEver: boolean;
  admin: boolean;
}

const EXAMPLES = `
Roles: viewer, operator, author, admin; each may do what those before it may. With :prefix/ only below that path.

Examples:
  noetl tokens create ci --grant author:team-a/ --days 30
  noetl tokens create dashboard --grant viewer
  noetl tokens create me --admin                the first one: written into the database of DATABASE_URL
  noetl tokens list
  noetl tokens revoke 0123456789abcdef`;

export function addTokensCommand(program: Command): void {
  const tokens = program
    .command('tokens')
    .description('API tokens: make, list and revoke them')
    .addHelpText('after', EXAMPLES);
  remote(tokens.command('create'))
    .description('Make a token; it is shown once')
    .argument('[name]', 'whose it is, as the audit log will say', 'admin')
    .option('--grant <role[:prefix]>', 'what it may do; may be repeated', grants, [])
    .option('--days <n>', 'days until it expires', days, 90)
    .option('--for-ever', 'it never expires', false)
    .option('--admin', 'all rights, written straight into the database of DATABASE_URL', false)
    .action(create);
  remote(tokens.command('list'))
    .description('Show all tokens, without the tokens')
    .action(async (options: RemoteOptions) => {
      const { client, terminal } = connect(options);
      const answer = await client.ask(client.api.GET('/api/tokens'));
      for (const token of answer.tokens) {
        if (options.json) terminal.printJson(token);
        else terminal.print(line(token));
      }
    });
  remote(tokens.command('revoke'))
    .description('Take a token out of use, from this moment on')
    .argument('<id>', 'the part between the first two "_" of the token')
    .action(async (id: string, options: RemoteOptions) => {
      const { client, terminal } = connect(options);
      const revoked = await client.ask(client.api.DELETE('/api/tokens/{id}', { params: { path: { id } } }));
      if (options.json) terminal.printJson(revoked);
      else terminal.print(`token ${id} (${revoked.name}) is revoked`);
    });
}

async function create(name: string, options: CreateOptions): Promise<void> {
  const { grant, admin, json } = options;
  if (admin === grant.length > 0)
    throw usageError('what may the token do?', 'Give --grant ROLE or --grant ROLE:PREFIX, or --admin alone.');
  const expires_in_days = options.forEver ? null : options.days;
  const terminal = new Terminal(options);
  const { token, ...record } = admin
    ? await createFirst(name, expires_in_days)
    : await createRemotely(name, options, expires_in_days);
  if (json) {
    terminal.printJson({ token, ...record });
    return;
  }
  terminal.note(`${line(record)}\nIt is shown this once; only a hash of it is kept.`);
  terminal.print(token);
}

function createRemotely(
  name: string,
  options: CreateOptions,
  expires_in_days: number | null,
): Promise<Schemas['NewToken']> {
  const { client } = connect(options);
  return client.ask(
    client.api.POST('/api/tokens', { body: { name, grants: options.grant, expires_in_days } }),
  );
}

async function createFirst(name: string, expires: number | null): Promise<Schemas['NewToken']> {
  const url = process.env.DATABASE_URL;
  if (url === undefined)
    throw new CliFailure(
      'CONFIG_INVALID',
      'DATABASE_URL is not set: --admin writes into the database itself',
      {
        exitCode: EXIT.usage,
        hint: 'Run it where the server runs; with a token of an admin: --grant admin.',
      },
    );
  const { createApiToken } = await import('@noetl/store');
  const grants: Grant[] = [{ role: 'admin', prefix: '' }];
  const made = await onDatabase(url, 'tokens', (store) =>
    createApiToken(store, { name, grants, created_by: 'command line', days: expires }),
  );
  const { created_at, expires_at, ...record } = made.record;
  return {
    ...record,
    token: made.token,
    created_at: created_at.toISOString(),
    expires_at: expires_at?.toISOString() ?? null,
    revoked_at: null,
    last_used_at: null,
  };
}

function line({ token_id, name, grants: given, expires_at, revoked_at, last_used_at }: Token): string {
  const state = revoked_at !== null ? `revoked ${revoked_at}` : `expires ${expires_at ?? 'never'}`;
  return `${token_id}  ${name}  ${given.map(grantText).join(', ')}  ${state}  last used ${last_used_at ?? 'never'}`;
}

function grants(text: string, all: Grant[]): Grant[] {
  try {
    return [...all, parseGrant(text)];
  } catch (error) {
    throw new InvalidArgumentError(error instanceof NoetlError ? `${error.message}. ${error.hint}` : '');
  }
}

function days(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 3650) return value;
  throw new InvalidArgumentError('It must be a whole number of days, from 1 to 3650.');
}
