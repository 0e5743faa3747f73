/**
 * PostgreSQL refuses to run as root. For root we run it as an ordinary account and make sure that this account can
 * reach the programs and the data; for everybody else nothing is needed.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { chmod, chown, cp, lstat, mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** The account that runs PostgreSQL when we are root: `postgres`, else `nobody`. Undefined when we are not root. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { name, uid: id('-u'), gid: id('-g') };
    } catch {
      // No such account: try the next one.
    }
  }
  throw new Error(
    'PostgreSQL cannot run as root and there is no account `postgres` or `nobody`. Set DATABASE_URL.',
  );
}

/** True when `account` may pass through every folder above `path`. */
export function reachable(path: string, account: Account): boolean {
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    if (existsSync(folder)) {
      const { mode, uid, gid } = statSync(folder);
      const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
      if ((mode & bit) === 0) return false;
    }
    if (folder === dirname(folder)) return true;
  }
}

/**
 * `dir` made ready for the account: itself when reachable, else a folder under the system's temporary files whose
 * name is derived from `dir` (so that the same project finds its data again).
 */
export async function ownedFolder(dir: string, account: Account | undefined): Promise<string> {
  if (account === undefined) {
    await privateFolder(dir);
    return dir;
  }
  let place = dir;
  // `reachable` judges only folders that are there.
  await mkdir(dirname(resolve(dir)), { recursive: true });
  if (reachable(dir, account)) await privateFolder(dir);
  else place = await folderAmongOthers(`/var/tmp/noetl-${digest(dir)}`, account);
  await chown(place, account.uid, account.gid);
  return place;
}

/** Ours alone. Folders above it are made first: made together they would get its mode, and let no other account pass. */
export async function privateFolder(dir: string): Promise<void> {
  await mkdir(dirname(resolve(dir)), { recursive: true });
  await mkdir(dir, { recursive: true, mode: 0o700 });
}

/** A copy of the folder `programs` that the account can reach; the folder itself when it already can. */
export async function reachablePrograms(programs: string, account: Account | undefined): Promise<string> {
  if (account === undefined || reachable(join(programs, 'bin'), account)) return programs;
  const copy = await folderAmongOthers(`/var/tmp/noetl-postgres-${digest(programs)}`, account);
  const complete = join(copy, 'complete');
  if (!existsSync(complete)) {
    await cp(programs, copy, { recursive: true, verbatimSymlinks: true });
    await chmod(copy, 0o755);
    await mkdir(complete);
  }
  return copy;
}

/** A folder where everybody may make some: it must be a real one, made by us or handed to the account. */
async function folderAmongOthers(path: string, account: Account): Promise<string> {
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  const found = await lstat(path);
  const trusted = found.isDirectory() && [process.getuid?.(), account.uid].includes(found.uid);
  if (!trusted) throw new Error(`${path} belongs to somebody else. Remove it, or set DATABASE_URL.`);
  return path;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
