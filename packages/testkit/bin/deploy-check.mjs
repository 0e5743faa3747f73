#!/usr/bin/env node
/** `npm run deploy:check`, also on a fresh clone. */
import { fileURLToPath } from 'node:url';
import { prepare } from '../../cli/bin/prerequisites.mjs';

prepare(fileURLToPath(new URL('../../..', import.meta.url)), 'testkit');
await import('../dist/deploy/main.js');
