#!/usr/bin/env node
/**
 * `noetl` on a clone in any state: checks what the machine has, installs packages and compiles when that is due, then
 * runs the command. Quiet when there is nothing to do. Needs no dependency.
 */
import { fileURLToPath } from 'node:url';
import { buildProgram, installDependencies, missingPrograms } from './prerequisites.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const missing = missingPrograms();
if (missing.length > 0) fail(missing.join('\n'));
if (!installDependencies(root)) fail('npm ci failed: see above. Is the network reachable?');
if (!buildProgram(root)) fail('The build failed: see above.');
await import('../dist/main.js');

function fail(message) {
  console.error(message);
  process.exit(1);
}
