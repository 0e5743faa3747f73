#!/usr/bin/env node
/**
 * `noetl` on a clone in any state: checks what the machine has, installs packages and compiles when that is due, then
 * runs the command. Quiet when there is nothing to do. Needs no dependency.
 */
import { fileURLToPath } from 'node:url';
import { prepare } from './prerequisites.mjs';

prepare(fileURLToPath(new URL('../../..', import.meta.url)));
await import('../dist/main.js');
