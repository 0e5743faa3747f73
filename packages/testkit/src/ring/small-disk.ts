/**
 * A database whose disk can be filled: its tablespace lies on a small tmpfs. Where nothing can be mounted, a trigger
 * raises what Postgres raises then.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, open, rm, rmdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startTestPostgres, type TestPostgres } from '../postgres.ts';
import { uniqueName } from '../run-folder.ts';

const SIZE = '48m';
const BLOCK = Buffer.alloc(8_192);

const TRIGGERS = `
  CREATE TABLE public.full_disk ();
  CREATE FUNCTION public.no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM public.full_disk) THEN
      RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER no_space BEFORE INSERT ON noetl.execution EXECUTE FUNCTION public.no_space();
  CREATE TRIGGER no_space BEFORE INSERT ON noetl.event EXECUTE FUNCTION public.no_space();`;

export interface SmallDisk {
  postgres: TestPostgres;
  fill(): Promise<void>;
  free(): Promise<void>;
  stop(): Promise<void>;
}

export async function startOnSmallDisk(): Promise<SmallDisk> {
  const postgres = await startTestPostgres();
  const { pathname } = new URL(postgres.url);
  const name = pathname.slice(1);
  const admin = postgres.url.replace(/\/[^/]*$/, '/postgres');
  const dir = await mkdtemp(join(tmpdir(), 'noetl-disk-'));
  const owner = await dataOwner(admin);
  if (!mounted(dir, owner)) {
    await rmdir(dir);
    return withTriggers(postgres);
  }
  const space = uniqueName('space');
  await run(admin, [
    `CREATE TABLESPACE ${space} LOCATION '${dir}'`,
    `ALTER DATABASE ${pg.escapeIdentifier(name)} SET TABLESPACE ${space}`,
  ]);
  const filler = join(dir, 'filler');
  return {
    postgres,
    fill: () => writeUntilFull(filler),
    free: () => rm(filler),
    stop: async () => {
      await postgres.stop();
      await run(admin, [`DROP TABLESPACE ${space}`]);
      execFileSync('umount', [dir]);
      await rmdir(dir);
    },
  };
}

function withTriggers(postgres: TestPostgres): Promise<SmallDisk> {
  const sql = (text: string): Promise<void> => run(postgres.url, [text]);
  const disk: SmallDisk = {
    postgres,
    fill: () => sql('INSERT INTO public.full_disk DEFAULT VALUES'),
    free: () => sql('TRUNCATE public.full_disk'),
    stop: () => postgres.stop(),
  };
  return sql(TRIGGERS).then(() => disk);
}

function mounted(dir: string, owner: number): boolean {
  try {
    const options = `size=${SIZE},uid=${String(owner)},mode=700`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function writeUntilFull(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (;;) await file.write(BLOCK);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
}

/** Who owns the files of the server; tablespaces must be its own. */
async function dataOwner(admin: string): Promise<number> {
  const [row] = await rows<{ data_directory: string }>(admin, 'SHOW data_directory');
  return (await stat(row?.data_directory ?? '')).uid;
}

async function run(url: string, statements: string[]): Promise<void> {
  for (const text of statements) await rows(url, text);
}

async function rows<T extends pg.QueryResultRow>(url: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}
