/** Building an overlay with the real kustomize: that of kubectl, one on the PATH, or a pinned release. */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { TOOLS } from '@noetl/cli/local';

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  [field: string]: unknown;
}

/** Program with the arguments before the folder. */
export type Kustomize = readonly [program: string, ...args: string[]];

const VERSION = '5.6.0';
const RELEASE = `https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv${VERSION}`;
/** SHA-256 of the archives of that release. */
const ARCHIVES: Record<string, { file: string; sha256: string }> = {
  'linux-x64': {
    file: `kustomize_v${VERSION}_linux_amd64.tar.gz`,
    sha256: '54e4031ddc4e7fc59e408da29e7c646e8e57b8088c51b84b3df0864f47b5148f',
  },
};
const MAX_OUTPUT = 64 * 1024 * 1024;

let found: Promise<Kustomize> | undefined;

/** Rejects with the reason when there is none and none can be had. */
export function findKustomize(): Promise<Kustomize> {
  found ??= find();
  return found;
}

async function find(): Promise<Kustomize> {
  if (answers('kubectl', ['kustomize', '--help'])) return ['kubectl', 'kustomize'];
  if (answers('kustomize', ['version'])) return ['kustomize', 'build'];
  const kept = join(TOOLS, `kustomize-${VERSION}`, 'kustomize');
  if (existsSync(kept)) return [kept, 'build'];
  try {
    return [await download(kept), 'build'];
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(`neither kubectl nor kustomize is on the PATH, and ${reason}`, { cause: error });
  }
}

function answers(program: string, args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function download(program: string): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const archive = ARCHIVES[platform];
  if (!archive) throw new Error(`there is no pinned release for ${platform}`);
  const url = `${RELEASE}/${archive.file}`;
  const response = await fetch(url).catch((error: unknown) => {
    throw new Error(`${url} cannot be reached`, { cause: error });
  });
  if (!response.ok) throw new Error(`${url} answers ${String(response.status)}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== archive.sha256) throw new Error(`${url} has the SHA-256 ${sha256}, not ${archive.sha256}`);
  const folder = join(program, '..');
  await mkdir(folder, { recursive: true });
  const file = join(folder, archive.file);
  await writeFile(file, bytes);
  execFileSync('tar', ['-xzf', file, '-C', folder, 'kustomize']);
  await rm(file);
  return program;
}

/** Everything that can be applied on its own: the overlays, and the smoke test. */
export async function overlays(root: string): Promise<string[]> {
  const base = join(root, 'deploy/kubernetes');
  const entries = await readdir(join(base, 'overlays'), { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => `overlays/${name}`);
  return [...names.sort(), 'smoke'];
}

/** Throws with what kustomize says. */
export async function build(kustomize: Kustomize, root: string, overlay: string): Promise<Manifest[]> {
  const [program, ...args] = kustomize;
  try {
    const { stdout } = await promisify(execFile)(
      program,
      [...args, join(root, 'deploy/kubernetes', overlay)],
      { maxBuffer: MAX_OUTPUT },
    );
    return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const said = stderr === undefined || stderr === '' ? message : stderr;
    throw new Error(said.trim().replaceAll(root, '').slice(-600), { cause: error });
  }
}
