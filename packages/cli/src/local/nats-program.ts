/**
 * Where nats-server comes from: PATH, else the system's package manager where we may use it without a password, else
 * the pinned official release, checked against the checksum below.
 */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
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

/** Package managers in order of trial, with the commands that install nats-server. */
const MANAGERS: { program: string; asRoot: boolean; commands: string[][] }[] = [
  {
    program: 'apt-get',
    asRoot: true,
    commands: [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'nats-server'],
    ],
  },
  { program: 'apk', asRoot: true, commands: [['apk', 'add', '--no-cache', 'nats-server']] },
  { program: 'pacman', asRoot: true, commands: [['pacman', '-S', '--noconfirm', 'nats-server']] },
  { program: 'brew', asRoot: false, commands: [['brew', 'install', '--quiet', 'nats-server']] },
];

export interface NatsProgram {
  path: string;
  version: { major: number; minor: number; patch: number };
}

/** Finds nats-server or installs it. `toolDir` keeps a downloaded release for the next time. */
export async function natsProgram(toolDir: string, log?: (message: string) => void): Promise<NatsProgram> {
  const kept = join(toolDir, `nats-server-${VERSION}`);
  const found = onPath('nats-server') ?? (existsSync(kept) ? kept : undefined);
  if (found !== undefined) return { path: found, version: versionOf(found) };
  const failures: string[] = [];
  for (const source of [() => install(log), () => download(kept, toolDir, log)]) {
    try {
      const path = await source();
      if (path !== undefined) return { path, version: versionOf(path) };
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(
    `nats-server is missing and could not be installed. Install it, or set NATS_URL.\n${failures.join('\n')}`,
  );
}

/** The first executable of this name on PATH (and where Debian keeps servers). */
function onPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(existsSync);
}

async function install(log?: (message: string) => void): Promise<string | undefined> {
  for (const { program, asRoot, commands } of MANAGERS) {
    if (onPath(program) === undefined) continue;
    const prefix = asRoot ? rootPrefix() : [];
    if (prefix === undefined) continue;
    log?.(`Installing nats-server with ${program}`);
    for (const command of commands) {
      const [file = program, ...args] = [...prefix, ...command];
      await run(file, args, {
        timeout: INSTALL_WITHIN_MS,
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    }
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

async function download(target: string, toolDir: string, log?: (message: string) => void): Promise<string> {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const platform = `${process.platform}-${arch}`;
  const checksum = CHECKSUMS[platform];
  if (checksum === undefined) throw new Error(`no pinned nats-server release for ${platform}`);
  const name = `nats-server-v${VERSION}-${platform}`;
  const url = `${RELEASES}/v${VERSION}/${name}.tar.gz`;
  log?.(`Downloading ${url}`);
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_WITHIN_MS) });
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
  const archive = Buffer.from(await response.arrayBuffer());
  verify(archive, checksum, url);
  await mkdir(toolDir, { recursive: true });
  const scratch = await mkdtemp(join(toolDir, 'nats-'));
  try {
    await writeFile(join(scratch, 'release.tar.gz'), archive);
    await run('tar', ['-xzf', join(scratch, 'release.tar.gz'), '-C', scratch]);
    await chmod(join(scratch, name, 'nats-server'), 0o755);
    await rename(join(scratch, name, 'nats-server'), target);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return target;
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
