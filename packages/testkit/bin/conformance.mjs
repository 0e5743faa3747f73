#!/usr/bin/env node
/** `npm run conformance`, also on a fresh clone: installs and compiles when that is due, then runs. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies, missingPrograms } from '../../cli/bin/prerequisites.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const missing = missingPrograms();
if (missing.length > 0) fail(missing.join('\n'));
if (!installDependencies(root)) fail('npm ci failed: see above. Is the network reachable?');
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const built = spawnSync(process.execPath, [tsc, '-b', 'packages/testkit'], {
  cwd: root,
  stdio: ['ignore', 2, 2],
});
if (built.status !== 0) fail('The build failed: see above.');
await import('../dist/conformance/main.js');

function fail(message) {
  console.error(message);
  process.exit(1);
}
