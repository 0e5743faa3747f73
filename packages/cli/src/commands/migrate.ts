/** `noetl migrate`: the schema, what each kind of process may do in it, and logins for those that are given a password. */
import type { Command } from 'commander';
import type { DatabaseRole, Login, Store } from '@noetl/store';
import { CliFailure, EXIT } from '../failure.ts';
import { onDatabase } from '../local/on-database.ts';
import { Terminal } from '../terminal.ts';

/** Variables that `migrate` reads besides DATABASE_URL. */
export const LOGIN_PASSWORDS: Record<string, DatabaseRole> = {
  NOETL_DB_API_PASSWORD: 'api',
  NOETL_DB_WORKER_PASSWORD: 'worker',
  NOETL_DB_AGGREGATOR_PASSWORD: 'aggregator',
  NOETL_DB_READER_PASSWORD: 'reader',
};

interface Migrated {
  applied: string[];
  /** Whether the roles are there. */
  roles: boolean;
  /** Names of logins that were made or brought up to date. */
  logins: string[];
}

export function addMigrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('Bring the database of DATABASE_URL to the present schema; safe to run by many at once')
    .addHelpText(
      'after',
      `
Logins of least privilege are made for those whose password is set (the owner needs CREATEROLE):
${Object.entries(LOGIN_PASSWORDS)
  .map(([name, role]) => `  ${name.padEnd(30)} noetl_${role}_login`)
  .join('\n')}`,
    )
    .option('--json', 'print JSON', false)
    .action(async (options: { json: boolean }) => {
      const migrated = await migrateDatabase();
      const terminal = new Terminal(options);
      if (options.json) {
        terminal.printJson({ ...migrated });
        return;
      }
      const { applied, roles, logins } = migrated;
      terminal.print(applied.length === 0 ? 'The schema is up to date.' : `Applied ${applied.join(', ')}.`);
      if (logins.length > 0) terminal.print(`Logins: ${logins.join(', ')}.`);
      if (!roles)
        terminal.note('This login may not make roles, so all processes have to run as it: see CREATEROLE.');
    });
}

async function migrateDatabase(): Promise<Migrated> {
  const url = process.env.DATABASE_URL;
  if (url === undefined)
    throw new CliFailure('CONFIG_INVALID', 'DATABASE_URL is not set', { exitCode: EXIT.usage });
  const { grantPrivileges, migrate } = await import('@noetl/store');
  return onDatabase(url, 'migrate', async (store) => {
    const applied = await migrate(store);
    const roles = await grantPrivileges(store);
    return { applied, roles, logins: await makeWantedLogins(store, roles) };
  });
}

async function makeWantedLogins(store: Store, roles: boolean): Promise<string[]> {
  const { loginName, makeLogins } = await import('@noetl/store');
  const logins = Object.entries(LOGIN_PASSWORDS).flatMap(([variable, role]): Login[] => {
    const password = process.env[variable];
    return password === undefined || password === '' ? [] : [{ name: loginName(role), password, role }];
  });
  if (logins.length > 0 && !roles) {
    throw new CliFailure('CONFIG_INVALID', 'the owner of the database may make neither roles nor logins', {
      exitCode: EXIT.usage,
      hint: 'ALTER ROLE … CREATEROLE; or leave NOETL_DB_…_PASSWORD out, and let all processes log in as the owner.',
    });
  }
  await makeLogins(store, logins);
  return logins.map(({ name }) => name);
}
