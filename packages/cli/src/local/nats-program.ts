/**
 * Where nats-server comes from: PATH, else the system's package manager where we may use it without a password, else
 * the pinned official release, checked against the checksum below. Debian's package would start a service on the
 * machine, so its program is taken out of the package and the system stays as it is.
 */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const VERSION = '2.15.0';
const RELEASES = 'https://github.com/nats-io/nats-server/releases/download';
const DOWNLOAD_WITHIN_MS = 120_000;
const INSTALL_WITHIN_MS = 180_000;

/** SHA-256 of nats-server-v<VERSION>-<key>.tar.gz, as the release's SHA256SUMS lists them. */
const CHECKSUMS: Partial<Record<string, string>> = {
  'linux-amd64': '5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92',
  'linux-arm64': 'cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112',
  'darwin-amd64': '5bd8b59ca5bf93fab3da2c5843cf564cd6e2e291e22ae3b861746e7ebe259b95',
  'darwin-arm64': 'e1c4e22d70bd44abfa0bcb3c16f7cf0c66f648c2e728c58924e8a1ce88913cc8',
};

/** Package managers in order of trial, with the command that installs nats-server. */
const MANAGERS: { command: [string, ...string[]]; asRoot: boolean }[] = [
  { command: ['apk', 'add', '--no-cache', 'nats-server'], asRoot: true },
  { command: ['pacman', '-S', '--noconfirm', 'nats-server'], asRoot: true },
  { command: ['brew', 'install', '--quiet', 'nats-server'], asRoot: false },
];

export interface NatsProgram {
  path: string;
  version: { major: number; minor: number; patch: number };
}

/** Finds nats-server or gets it. `toolDir` keeps one that was not installed system-wide, for the next time. */
export async function natsProgram(
  toolDir: string,
  log: (message: string) => void = () => undefined,
): Promise<NatsProgram> {
  const kept = join(toolDir, 'nats-server');
  const found = onPath('nats-server') ?? (existsSync(kept) ? kept : undefined);
  if (found !== undefined) return { path: found, version: versionOf(found) };
  await mkdir(toolDir, { recursive: true });
  const failures: string[] = [];
  for (const source of [fromDebian, install, download]) {
    const scratch = await mkdtemp(join(toolDir, 'nats-'));
    try {
      const path = await source(scratch, log);
      if (path === undefined) continue;
      if (path.startsWith(scratch)) await rename(path, kept);
      const usable = path.startsWith(scratch) ? kept : path;
      return { path: usable, version: versionOf(usable) };
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
  throw new Error(
    `nats-server is missing and could not be installed. Install it, or set NATS_URL.\n${failures.join('\n')}`,
  );
}

/** Fetches Debian's package (apt checks its signature) and takes the program out of it, without installing it. */
async function fromDebian(scratch: string, log: (message: string) => void): Promise<string | undefined> {
  if (onPath('apt-get') === undefined || onPath('dpkg-deb') === undefined) return undefined;
  log('Fetching nats-server with apt-get');
  const fetchPackage = () =>
    run('apt-get', ['download', '-qq', 'nats-server'], { cwd: scratch, timeout: INSTALL_WITHIN_MS });
  try {
    await fetchPackage();
  } catch (error) {
    // A fresh container has no package lists yet.
    const prefix = rootPrefix();
    if (prefix === undefined) throw error;
    const [program = 'apt-get', ...args]: string[] = [...prefix, 'apt-get', 'update', '-qq'];
    await run(program, args, { timeout: INSTALL_WITHIN_MS });
    await fetchPackage();
  }
  const archive = (await readdir(scratch)).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new Error('apt-get download left no package');
  await run('dpkg-deb', ['-x', archive, 'package'], { cwd: scratch });
  const places = ['usr/sbin', 'usr/bin'].map((folder) => join(scratch, 'package', folder, 'nats-server'));
  return places.find((path) => existsSync(path));
}

/** The first executable of this name on PATH (and where Debian keeps servers). */
function onPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(existsSync);
}

async function install(_scratch: string, log: (message: string) => void): Promise<string | undefined> {
  for (const { command, asRoot } of MANAGERS) {
    const prefix = asRoot ? rootPrefix() : [];
    if (onPath(command[0]) === undefined || prefix === undefined) continue;
    log(`Installing nats-server with ${command[0]}`);
    const [program = command[0], ...args]: string[] = [...prefix, ...command];
    await run(program, args, { timeout: INSTALL_WITHIN_MS });
    return onPath('nats-server');
  }
  return undefined;
}

/** What to put before a command that needs root: nothing, passwordless sudo, or undefined when we may not. */
function rootPrefix(): string[] | undefined {
  if (process.getuid?.() === 0) return [];
  try {
    execFileSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
    return ['sudo', '-n'];
  } catch {
    return undefined;
  }
}

async function download(scratch: string, log: (message: string) => void): Promise<string> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const platform = `${process.platform}-${arch}`;
  const checksum = CHECKSUMS[platform];
  if (checksum === undefined) throw new Error(`there is no pinned nats-server release for ${platform}`);
  const name = `nats-server-v${VERSION}-${platform}`;
  const url = `${RELEASES}/v${VERSION}/${name}.tar.gz`;
  log(`Downloading ${url}`);
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_WITHIN_MS) }).catch(
    (cause: unknown) => {
      throw new Error(`${url} cannot be downloaded`, { cause });
    },
  );
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  const archive = Buffer.from(await response.arrayBuffer());
  verify(archive, checksum, url);
  await writeFile(join(scratch, 'release.tar.gz'), archive);
  await run('tar', ['-xzf', 'release.tar.gz'], { cwd: scratch });
  await chmod(join(scratch, name, 'nats-server'), 0o755);
  return join(scratch, name, 'nats-server');
}

/** Throws unless the content has the SHA-256 we pinned. */
export function verify(content: Buffer, checksum: string, what: string): void {
  const actual = createHash('sha256').update(content).digest('hex');
  if (actual !== checksum) throw new Error(`${what} has SHA-256 ${actual}, expected ${checksum}: not used`);
}

/** `nats-server: v2.9.10` → 2, 9, 10. */
function versionOf(program: string): NatsProgram['version'] {
  const text = execFileSync(program, ['--version'], { encoding: 'utf8' });
  const parts = /v(\d+)\.(\d+)\.(\d+)/.exec(text);
  if (parts === null) throw new Error(`${program} --version said: ${text}`);
  return { major: Number(parts[1]), minor: Number(parts[2]), patch: Number(parts[3]) };
}
