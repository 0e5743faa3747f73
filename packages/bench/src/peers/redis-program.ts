/**
 * Where redis-server comes from: PATH, else Debian's package with the libraries it needs, unpacked into a folder of
 * ours. The package is not installed, because that would start a service on the machine.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { TOOLS } from '@noetl/cli/local';

const run = promisify(execFile);
const FETCH_WITHIN_MS = 180_000;

export interface RedisProgram {
  command: string;
  env: NodeJS.ProcessEnv;
}

export async function redisProgram(): Promise<RedisProgram> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/bin'].filter(
    (path) => path !== '',
  );
  const found = folders.map((path) => join(path, 'redis-server')).find(existsSync);
  if (found !== undefined) return { command: found, env: { PATH: process.env.PATH } };
  const root = join(TOOLS, 'redis');
  if (!existsSync(join(root, 'usr', 'bin', 'redis-server'))) await unpackDebian(root);
  const libraries = (await readdir(join(root, 'usr', 'lib'))).map((name) => join(root, 'usr', 'lib', name));
  return {
    command: join(root, 'usr', 'bin', 'redis-server'),
    env: { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries.join(':') },
  };
}

async function unpackDebian(root: string): Promise<void> {
  const archives = join(root, 'archives');
  await mkdir(join(archives, 'partial'), { recursive: true });
  // apt resolves what is missing on this machine, and checks signatures.
  const flags = ['--download-only', '-qq', '-y', '--no-install-recommends'];
  const places = ['-o', `Dir::Cache::archives=${archives}`, '-o', 'Debug::NoLocking=1'];
  try {
    await run('apt-get', ['install', ...flags, ...places, 'redis-server'], { timeout: FETCH_WITHIN_MS });
    for (const file of await readdir(archives)) {
      if (file.endsWith('.deb')) await run('dpkg-deb', ['-x', join(archives, file), root]);
    }
  } catch (cause) {
    await rm(root, { recursive: true, force: true });
    throw new Error(
      'needs redis-server: it is not on PATH and apt-get cannot fetch it (install it, or run apt-get update)',
      { cause },
    );
  }
}
