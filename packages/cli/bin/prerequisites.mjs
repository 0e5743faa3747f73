/**
 * What must be there before anything of ours can run, checked without any dependency: Node, Python, node_modules and
 * the build.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NODE_AT_LEAST = [20, 19];
const PYTHON_AT_LEAST = [3, 9];

/** What the machine lacks, one sentence each. */
export function missingPrograms() {
  const missing = [];
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (!atLeast([major, minor], NODE_AT_LEAST)) {
    missing.push(
      `NoETL needs Node ${NODE_AT_LEAST.join('.')} or newer; this is ${process.versions.node} (https://nodejs.org).`,
    );
  }
  const python = process.env.NOETL_PYTHON ?? 'python3';
  const asked = spawnSync(python, ['-c', 'import sys; print(*sys.version_info[:2])'], { encoding: 'utf8' });
  if (asked.status !== 0) {
    missing.push(
      `NoETL runs Python steps with \`${python}\`, which is not there. Install Python 3, or set NOETL_PYTHON.`,
    );
  } else if (!atLeast(asked.stdout.trim().split(' ').map(Number), PYTHON_AT_LEAST)) {
    missing.push(
      `NoETL needs Python ${PYTHON_AT_LEAST.join('.')} or newer; \`${python}\` is ${asked.stdout.trim().replace(' ', '.')}.`,
    );
  }
  return missing;
}

/** What a command of the package `name` needs on a clone in any state; ends the process when it cannot be had. */
export function prepare(root, name = 'cli') {
  const missing = missingPrograms();
  if (missing.length > 0) fail(missing.join('\n'));
  if (!installDependencies(root)) fail('npm ci failed: see above. Is the network reachable?');
  if (!buildProgram(root, name)) fail('The build failed: see above.');
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Runs `npm ci` when node_modules is missing or older than the lock file. False when that failed. */
export function installDependencies(root, announce = (message) => console.error(message)) {
  const installed = modified(join(root, 'node_modules', '.package-lock.json'));
  if (installed >= modified(join(root, 'package-lock.json'))) return true;
  announce('Installing packages (npm ci, once) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const done = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  return done.status === 0;
}

/**
 * Compiles one package and what it needs, and bundles the console, when a source file is newer than its last build.
 * False when there were faults.
 */
function buildProgram(root, name, announce = (message) => console.error(message)) {
  const stamp = join(root, 'packages', name, 'dist', '.built');
  if (modified(stamp) > newestSource(join(root, 'packages'))) return true;
  announce('Building …');
  const startedAt = new Date();
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const done = spawnSync(process.execPath, [tsc, '-b', `packages/${name}`], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (done.status !== 0) return false;
  const bundler = join(root, 'packages', 'console', 'bin', 'build.mjs');
  if (spawnSync(process.execPath, [bundler], { stdio: ['ignore', 2, 2] }).status !== 0) return false;
  writeFileSync(stamp, '');
  // A file saved while the compiler ran is newer than the build.
  utimesSync(stamp, startedAt, startedAt);
  return true;
}

function newestSource(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (['node_modules', 'dist'].includes(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) newest = Math.max(newest, newestSource(path));
    else if (/\.(tsx?|py|css|html)$|^tsconfig\.json$/.test(entry.name) && !entry.name.endsWith('.test.ts')) {
      newest = Math.max(newest, modified(path));
    }
  }
  return newest;
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function atLeast(actual, wanted) {
  return actual[0] > wanted[0] || (actual[0] === wanted[0] && actual[1] >= wanted[1]);
}
