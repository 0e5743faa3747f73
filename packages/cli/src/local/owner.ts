/** One process at a time owns a state folder: its id lies in `owner`; an owner that is gone is replaced. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandOf, isAlive } from './child.ts';

/** Takes the folder; gives the function that lets go of it. Throws when another live process of ours has it. */
export async function own(dir: string): Promise<() => void> {
  await mkdir(dir, { recursive: true });
  const file = join(dir, 'owner');
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      return () => {
        if (existsSync(file) && readFileSync(file, 'utf8') === String(process.pid)) rmSync(file);
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === 3) throw error;
    }
    const pid = Number(await readFile(file, 'utf8').catch(() => '0'));
    // After a reboot the number may belong to a program that is not ours.
    if (pid > 0 && isAlive(pid) && (commandOf(pid) ?? 'node').includes('node')) {
      throw new Error(`${dir} is in use by process ${String(pid)} (another \`noetl dev\`?)`);
    }
    rmSync(file, { force: true });
  }
}

/** Deletes the folders `<prefix><pid>` of processes that no longer run, and of `also`. */
export async function sweepOwned(parent: string, prefix: string, also?: number): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.slice(prefix.length));
    if (pid === also || !isAlive(pid)) await rm(join(parent, name), { recursive: true, force: true });
  }
}
