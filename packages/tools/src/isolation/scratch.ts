/** Scratch folders: one for each process that is started, open to nobody else, gone when it is. */
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'noetl-runners-';

export class ScratchFolders {
  #root: string | undefined;
  #made = 0;

  /** A new folder; `uid`: whose it is. */
  make(uid?: number): string {
    this.#root ??= rootFolder();
    this.#made += 1;
    const folder = join(this.#root, String(this.#made));
    mkdirSync(folder, { mode: 0o700 });
    if (uid !== undefined) chownSync(folder, uid, uid);
    return folder;
  }

  remove(folder: string): void {
    rmSync(folder, { recursive: true, force: true, maxRetries: 2 });
  }

  close(): void {
    if (this.#root !== undefined) rmSync(this.#root, { recursive: true, force: true });
    this.#root = undefined;
  }
}

/** Others may pass through it, to folders whose names they know and cannot list. */
function rootFolder(): string {
  removeLeftOvers();
  const root = mkdtempSync(join(tmpdir(), `${PREFIX}${String(process.pid)}-`));
  chmodSync(root, 0o711);
  return root;
}

/** What workers left that were killed. */
function removeLeftOvers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (!(pid > 0) || lives(pid)) continue;
    const folder = join(tmpdir(), name);
    const found = lstatSync(folder, { throwIfNoEntry: false });
    if (found?.isDirectory() === true && found.uid === process.getuid?.()) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
