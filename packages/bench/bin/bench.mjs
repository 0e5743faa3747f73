#!/usr/bin/env node
/** `npm run bench` on a clone in any state: installs and compiles when that is due, then measures. */
import { fileURLToPath } from 'node:url';
import { prepare } from '../../cli/bin/prerequisites.mjs';

prepare(fileURLToPath(new URL('../../..', import.meta.url)), 'bench');
await import('../dist/main.js');
