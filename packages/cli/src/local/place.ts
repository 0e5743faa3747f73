/** Folders of this clone: the repository's root, our state under `.noetl/`, the playbooks that come with it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Same from `src` and from `dist`. */
export const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

/** Data, logs and tools of local runs; not in git. */
export const STATE = join(ROOT, '.noetl');

export const TOOLS = join(STATE, 'tools');

/** Every playbook file that comes with the product, in order of its name. */
export async function shippedPlaybooks(): Promise<string[]> {
  const folder = join(ROOT, 'playbooks');
  const files = await readdir(folder, { recursive: true });
  return files
    .filter((file) => /\.ya?ml$/.test(file))
    .sort()
    .map((file) => join(folder, file));
}
