#!/usr/bin/env node
/** Bundles the console into dist/web when a source is newer than the last bundle. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = join(root, 'dist/web/index.html');
const sources = ['index.html', 'vite.config.js', 'package.json', ...files('src'), ...files('../client/src')];
const isFresh =
  existsSync(built) && sources.every((file) => statSync(join(root, file)).mtimeMs < statSync(built).mtimeMs);

if (!isFresh) {
  const { build } = await import('vite');
  await build({ configFile: join(root, 'vite.config.js') });
}

function files(folder) {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(folder, relative(join(root, folder), entry.parentPath), entry.name));
}
