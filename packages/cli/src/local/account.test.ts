/** Folders of services: private themselves, and open on the way for the account that a service runs as. */
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { privateFolder } from './account.ts';

test('what is made above a private folder is an ordinary one', async () => {
  const base = await mkdtemp(join(tmpdir(), 'noetl-account-'));
  const modeOf = async (...names: string[]): Promise<number> =>
    (await stat(join(base, ...names))).mode & 0o777;
  try {
    await mkdir(join(base, 'ordinary'));
    await privateFolder(join(base, 'run', 'nats'));
    expect(await modeOf('run')).toBe(await modeOf('ordinary'));
    expect(await modeOf('run', 'nats')).toBe(0o700);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
});
