/** Looks for secrets in what can be read of the product, in any usual encoding; knows nothing of how they are hidden. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

/** So many characters of an encoded secret are a find: most of it, so that parts count as well. */
const PART = 0.6;

/** Which of the secrets are in a text, and how they are written there. */
export function findSecrets(text: string, secrets: readonly string[]): string[] {
  return secrets.flatMap((secret) =>
    [...encodings(secret)]
      .filter(([, written]) => text.includes(part(written)))
      .map(([encoding]) => `${secret.slice(0, 6)}… ${encoding}`),
  );
}

function part(written: string): string {
  const length = Math.max(8, Math.ceil(written.length * PART));
  const from = Math.floor((written.length - length) / 2);
  return written.slice(from, from + length);
}

function encodings(secret: string): Map<string, string> {
  const bytes = Buffer.from(secret);
  const at = (offset: number, encoding: 'base64' | 'base64url'): string => {
    const text = Buffer.concat([Buffer.alloc(offset, 'x'), bytes])
      .toString(encoding)
      .replace(/=+$/, '');
    // The first and the last characters depend on what stands beside.
    return text.slice(4, -2);
  };
  return new Map([
    ['as it is', secret],
    ['in JSON', JSON.stringify(secret).slice(1, -1)],
    ['in a URL', encodeURIComponent(secret)],
    ['in a form', new URLSearchParams({ '': secret }).toString().slice(1)],
    ...[0, 1, 2].map((offset): [string, string] => [`in base64 at ${String(offset)}`, at(offset, 'base64')]),
    ...[0, 1, 2].map((offset): [string, string] => [
      `in base64url at ${String(offset)}`,
      at(offset, 'base64url'),
    ]),
    ['in hexadecimal', bytes.toString('hex')],
    ['in HEXADECIMAL', bytes.toString('hex').toUpperCase()],
  ]);
}

/** Every row of every table of ours, by table. */
export async function dumpTables(databaseUrl: string): Promise<Map<string, string>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
       WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY name`,
    );
    const dump = new Map<string, string>();
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(
        `SELECT to_jsonb(t)::text AS row FROM ${name} AS t`,
      );
      dump.set(name, rows.map(({ row }) => row).join('\n'));
    }
    return dump;
  } finally {
    await client.end();
  }
}

/** The argument lists of all processes of this machine. */
export function argumentLists(): string {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return pids.map((pid) => readOr(join('/proc', pid, 'cmdline'))).join('\n');
}

/** Everything under a folder, as text. */
export function filesIn(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(names.map((entry) => [entry.name, readOr(join(entry.parentPath, entry.name))]));
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Gone in the meantime.
    return '';
  }
}
