/**
 * Peers are installed on demand, each into a folder of its own under `.noetl/`, never into this project's tree. No
 * install script runs, so no package reports the installation to anybody.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TOOLS } from '@noetl/cli/local';

const run = promisify(execFile);
const INSTALL_WITHIN_MS = 300_000;
const NPM_FLAGS = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];

/** The peer's folder, holding exactly these packages. Throws with npm's reason when they cannot be installed. */
export async function installed(
  name: string,
  packages: Record<string, string>,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const folder = join(TOOLS, 'peers', name);
  const manifest = JSON.stringify({ name: `peer-${name}`, private: true, dependencies: packages });
  const mark = join(folder, 'installed.json');
  if ((await readFile(mark, 'utf8').catch(() => undefined)) === manifest) return folder;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), manifest);
  try {
    await run('npm', ['install', ...NPM_FLAGS], { cwd: folder, timeout: INSTALL_WITHIN_MS, signal });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    const { stderr, killed } = error as { stderr?: string; killed?: boolean };
    const reason = killed === true ? 'npm took too long' : firstLine(stderr ?? String(error));
    throw new Error(`cannot be installed: ${reason}`, { cause: error });
  }
  await writeFile(mark, manifest);
  return folder;
}

/** Loads packages from a peer's folder. */
export function loader(folder: string): (name: string) => unknown {
  const require = createRequire(join(folder, 'package.json'));
  return (name) => require(name) as unknown;
}

/** npm's first line that is more than a code. */
function firstLine(text: string): string {
  const lines = text.split('\n').map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim());
  return (
    lines.find((line) => line !== '' && !/^(code|errno|syscall|path) /.test(line)) ?? 'npm gave no reason'
  );
}
