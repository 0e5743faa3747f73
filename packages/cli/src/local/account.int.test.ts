/** Folders for an account that is not ours: what it can reach, and what must never be trusted. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Account, ownedFolder, privateFolder, reachable } from './account.ts';

/** An account that owns nothing here. */
const STRANGER: Account = { name: 'stranger', uid: 54_321, gid: 54_321 };
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'noetl-account-'));
  await chmod(dir, 0o755);
  await mkdir(join(dir, 'closed'), { mode: 0o700 });
});

afterAll(() => rm(dir, { recursive: true, force: true }));

test('what is made above a private folder is an ordinary one', async () => {
  const modeOf = async (...names: string[]): Promise<number> =>
    (await stat(join(dir, ...names))).mode & 0o777;
  await mkdir(join(dir, 'ordinary'));
  await privateFolder(join(dir, 'run', 'nats'));
  expect(await modeOf('run')).toBe(await modeOf('ordinary'));
  expect(await modeOf('run', 'nats')).toBe(0o700);
});

test('a folder below a closed one cannot be reached by somebody else', () => {
  expect(reachable(join(dir, 'data'), STRANGER)).toBe(true);
  expect(reachable(join(dir, 'closed', 'data'), STRANGER)).toBe(false);
  const self = { name: 'self', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  expect(reachable(join(dir, 'closed', 'data'), self)).toBe(true);
});

test('when we are not root the folder is simply made, for us only', async () => {
  const made = await ownedFolder(join(dir, 'plain'), undefined);
  expect((await stat(made)).mode & 0o777).toBe(0o700);
});

test('a link laid where our folder should be is refused', async () => {
  const wanted = join(dir, 'closed', 'elsewhere');
  const place = `/var/tmp/noetl-${createHash('sha256').update(wanted).digest('hex').slice(0, 12)}`;
  await symlink(join(dir, 'closed'), place);
  try {
    await expect(ownedFolder(wanted, STRANGER)).rejects.toThrow(/belongs to somebody else/);
  } finally {
    await rm(place);
  }
});
