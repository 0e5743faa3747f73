#!/usr/bin/env node
/** `npm run bench` on a clone in any state: installs and compiles when that is due, then measures. */
import { fileURLToPath } from 'node:url';
import { buildProgram, installDependencies, missingPrograms } from '../../cli/bin/prerequisites.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const missing = missingPrograms();
if (missing.length > 0) fail(missing.join('\n'));
if (!installDependencies(root)) fail('npm ci failed: see above. Is the network reachable?');
if (!buildProgram(root, 'bench')) fail('The build failed: see above.');
await import('../dist/main.js');

function fail(message) {
  console.error(message);
  process.exit(1);
}
