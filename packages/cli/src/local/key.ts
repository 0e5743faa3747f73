/** The encryption key of local runs: made once, kept beside the data it protects, readable by its owner only. */
import { randomBytes, randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const KEY_BYTES = 32;

export async function localKey(dir: string): Promise<string> {
  const file = join(dir, 'encryption.key');
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return known;
  // Linked into place as a whole, so that nobody ever reads half a key.
  const part = `${file}.${randomUUID()}`;
  await writeFile(part, randomBytes(KEY_BYTES).toString('base64'), { mode: 0o600 });
  try {
    await link(part, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(part);
  }
  return readFile(file, 'utf8');
}
