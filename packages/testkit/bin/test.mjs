#!/usr/bin/env node
/**
 * `npm test`, also on a fresh clone: installs, builds, lints, runs every test, and ends with one line:
 * `N passed, N failed` (and `, N skipped`). The exit code is 0 only when all of it went well.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies, missingPrograms } from '../../cli/bin/prerequisites.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const given = process.argv.slice(2);
/** More files than this do not fail by chance. */
const RERUN_MAX = 8;

const missing = missingPrograms();
if (missing.length > 0) fail(missing.join('\n'));
if (!installDependencies(root)) fail('npm ci failed: see above.');

let ok = true;
ok = step('Building', 'typescript/bin/tsc', ['-b', 'packages']) && ok;
ok = step('Bundling the console', '../packages/console/bin/build.mjs', []) && ok;
if (given.length === 0) {
  ok = step('Linting', 'eslint/bin/eslint.js', ['-c', 'packages/testkit/eslint.config.js', 'packages']) && ok;
}
const results = runTests();
const { passed, failed, skipped } = results;
const counts = [`${passed} passed`, `${failed} failed`, ...(skipped > 0 ? [`${skipped} skipped`] : [])];
if (!ok) console.log('The build or the linter failed: see above.');
console.log(counts.join(', '));
process.exit(ok && failed === 0 && passed > 0 ? 0 : 1);

/** Runs one tool of node_modules; true when it succeeded. */
function step(title, tool, args) {
  console.log(`${title} …`);
  return (
    spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], { cwd: root, stdio: 'inherit' })
      .status === 0
  );
}

/**
 * Runs jest. Files that fail beside others are run once more, alone: real processes on a busy machine may take longer
 * than any test waits. What passes then is told by name, never hidden.
 */
function runTests() {
  console.log('Testing …');
  const first = jest(given);
  if (!first) return { passed: 0, failed: 1, skipped: 0 };
  const again = first.filter(({ failed }) => failed > 0);
  if (again.length === 0 || again.length > RERUN_MAX) return total(first);
  console.log(`Running ${again.length} failed file(s) again, alone …`);
  const second = jest(['--runInBand', '--runTestsByPath', ...again.map(({ file }) => file)]) ?? again;
  for (const { file, failures } of again) {
    if (second.some((one) => one.file === file && one.failed > 0)) continue;
    console.log(`UNSTEADY ${relative(root, file)}: failed beside others, passed alone`);
    for (const name of failures) console.log(`  ${name}`);
  }
  return total(first.map((one) => second.find(({ file }) => file === one.file) ?? one));
}

/** Outcomes by file; undefined when jest itself could not run. */
function jest(chosen) {
  const dir = mkdtempSync(join(tmpdir(), 'noetl-results-'));
  const results = join(dir, 'results.json');
  const args = ['-c', 'packages/testkit/jest.config.js', '--json', `--outputFile=${results}`, ...chosen];
  const env = {
    ...process.env,
    NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
  };
  try {
    spawnSync(process.execPath, [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...args], {
      cwd: root,
      env,
      // --json prints the results on stdout as well, which nobody wants to read.
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (!existsSync(results)) return undefined;
    return JSON.parse(readFileSync(results, 'utf8')).testResults.map(outcomeOf);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A file that cannot even be loaded counts as one failure. */
function outcomeOf({ name, status, assertionResults }) {
  const of = (wanted) => assertionResults.filter((test) => wanted.includes(test.status));
  const failures = of(['failed']).map(({ fullName }) => fullName);
  const broken = status === 'failed' && failures.length === 0 ? 1 : 0;
  return {
    file: name,
    failures,
    passed: of(['passed']).length,
    failed: failures.length + broken,
    skipped: of(['pending', 'todo', 'skipped', 'disabled']).length,
  };
}

function total(files) {
  const sum = (key) => files.reduce((all, file) => all + file[key], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

function fail(message) {
  console.error(message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
