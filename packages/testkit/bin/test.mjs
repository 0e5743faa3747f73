#!/usr/bin/env node
/**
 * `npm test`, also on a fresh clone: installs, builds, lints, runs every test, and ends with one line:
 * `N passed, N failed` (and `, N skipped`). The exit code is 0 only when all of it went well.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies, missingPrograms } from '../../cli/bin/prerequisites.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const given = process.argv.slice(2);

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

/** Runs jest; a test file that cannot even be loaded counts as one failure. */
function runTests() {
  console.log('Testing …');
  const dir = mkdtempSync(join(tmpdir(), 'noetl-results-'));
  const file = join(dir, 'results.json');
  const args = ['-c', 'packages/testkit/jest.config.js', '--json', `--outputFile=${file}`, ...given];
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
    if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
    const json = JSON.parse(readFileSync(file, 'utf8'));
    return {
      passed: json.numPassedTests,
      failed: json.numFailedTests + json.numRuntimeErrorTestSuites,
      skipped: json.numPendingTests + json.numTodoTests,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function fail(message) {
  console.error(message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
