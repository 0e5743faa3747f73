/** `keys …`: which master keys the sealed rows need, and the change from one key to the next. */
import { InvalidArgumentError, type Command } from 'commander';
import { markdownTable } from 'markdown-table';
import type { KeyUsage, Sealer, Store } from '@noetl/store';
import { CliFailure, EXIT } from '../failure.ts';
import { onDatabase } from '../local/on-database.ts';
import { grouped, Terminal } from '../terminal.ts';

const BATCH = 100;

const HELP = `
Reads DATABASE_URL and NOETL_ENCRYPTION_KEY or NOETL_ENCRYPTION_KEY_FILE, as the other processes do. The first key seals.

A change of keys, while everything runs:
  1. put the new key in front of the old one, for every api and worker, and restart them one by one
  2. noetl keys rotate                 may be killed and run again at any time
  3. noetl keys status                 exit code 0: nothing needs another key than the first
  4. take the old key away, and restart them once more

Exit codes: 0 every row needs the first key, 1 some need another one, 2 wrong usage.`;

interface KeysOptions {
  json: boolean;
}

interface Usage {
  /** The key that seals. */
  current: string;
  keys: (KeyUsage & { known: boolean })[];
  /** Rows that need another key than the first. */
  remaining: number;
}

export function addKeysCommand(program: Command, exitWith: (code: number) => void): void {
  const keys = program
    .command('keys')
    .description('Keys by which credentials and webhooks are sealed (DATABASE_URL, NOETL_ENCRYPTION_KEY)')
    .addHelpText('after', HELP);
  keys
    .command('status')
    .description('How many rows need which key')
    .option('--json', 'print one JSON document', false)
    .action(async (options: KeysOptions) => {
      const usage = await withSealed(usageOf);
      const terminal = new Terminal(options);
      if (options.json) terminal.printJson(usage);
      else terminal.print(told(usage));
      exitWith(usage.remaining === 0 ? EXIT.completed : EXIT.failed);
    });
  keys
    .command('rotate')
    .description('Wrap everything that is sealed with the first key')
    .option('--batch <n>', 'rows at once', wholeNumber, BATCH)
    .option('--json', 'print one JSON document', false)
    .action(async (options: KeysOptions & { batch: number }) => {
      const terminal = new Terminal(options);
      const report = await withSealed((store, sealer) => rotate(store, sealer, options.batch, terminal));
      if (options.json) terminal.printJson(report);
      else {
        terminal.print(`${grouped(report.rewrapped)} rows wrapped anew.\n${told(report)}`);
        for (const name of report.unopened) terminal.print(`No key opens the ${name}.`);
      }
      exitWith(report.remaining === 0 ? EXIT.completed : EXIT.failed);
    });
}

async function rotate(
  store: Store,
  sealer: Sealer,
  batch: number,
  terminal: Terminal,
): Promise<Usage & { rewrapped: number; unopened: string[] }> {
  const { rotateKeys } = await import('@noetl/store');
  const { remaining } = await usageOf(store, sealer);
  const onBatch = ({ rewrapped }: { rewrapped: number }): void =>
    terminal.progress(`${grouped(rewrapped)} of ${grouped(remaining)} rows`);
  const { rewrapped, unopened } = await rotateKeys(store, sealer, { batch, onBatch });
  terminal.hide();
  return { ...(await usageOf(store, sealer)), rewrapped, unopened };
}

async function usageOf(store: Store, { keyIds }: Sealer): Promise<Usage> {
  const { keyUsage } = await import('@noetl/store');
  const [current = ''] = keyIds;
  const used = await keyUsage(store);
  const unused = keyIds.filter((id) => used.every(({ kek_id }) => kek_id !== id));
  const keys = [
    ...used.map((usage) => ({ ...usage, known: keyIds.includes(usage.kek_id ?? '') })),
    ...unused.map((kek_id) => ({ kek_id, credentials: 0, webhooks: 0, known: true })),
  ];
  const others = keys.filter(({ kek_id }) => kek_id !== current);
  const remaining = others.reduce((sum, { credentials, webhooks }) => sum + credentials + webhooks, 0);
  return { current, keys, remaining };
}

async function withSealed<T>(work: (store: Store, sealer: Sealer) => Promise<T>): Promise<T> {
  const { loadConfig } = await import('@noetl/service');
  const { createSealer } = await import('@noetl/store');
  const config = loadConfig(process.env);
  const sealer = createSealer(config.encryptionKeys);
  if (sealer.keyIds.length === 0)
    throw new CliFailure(
      'CONFIG_INVALID',
      'neither NOETL_ENCRYPTION_KEY nor NOETL_ENCRYPTION_KEY_FILE is set',
      {
        exitCode: EXIT.usage,
      },
    );
  return onDatabase(config.databaseUrl, 'keys', (store) => work(store, sealer));
}

function told({ current, keys, remaining }: Usage): string {
  const rows = keys.map(({ kek_id, credentials, webhooks, known }) => [
    kek_id ?? 'unknown',
    kek_id === current ? 'seals' : known ? 'opens' : 'not here',
    grouped(credentials),
    grouped(webhooks),
  ]);
  const table = markdownTable([['key', '', 'credentials', 'webhooks'], ...rows]);
  const rest =
    remaining === 0
      ? 'Every row needs the first key only: the others may be taken away.'
      : `${grouped(remaining)} rows still need another key than the first: noetl keys rotate.`;
  return `${table}\n${rest}`;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 10_000) return value;
  throw new InvalidArgumentError('It must be a whole number from 1 to 10,000.');
}
