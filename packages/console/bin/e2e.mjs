#!/usr/bin/env node
/** `npm run e2e`: builds, then drives the console with a real browser. Fails, saying how to get one, without any. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromiumPath } from './browser.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const browser = chromiumPath();
if (browser === undefined) {
  console.error(
    'The browser tests need Chromium: `apt-get install chromium` (Debian, Ubuntu), `brew install chromium` (macOS), ' +
      'or name one in NOETL_CHROMIUM.',
  );
  process.exit(1);
}
run('npm', ['run', '--silent', 'build']);
const shots = process.env.NOETL_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'noetl-console-'));
console.log(`Browser: ${browser}. Screenshots: ${shots}`);
run(
  process.execPath,
  [
    join(root, 'node_modules/jest/bin/jest.js'),
    '-c',
    'packages/console/jest.config.js',
    ...process.argv.slice(2),
  ],
  {
    NOETL_CHROMIUM: browser,
    NOETL_SCREENSHOTS: shots,
    NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
  },
);

function run(command, args, env = {}) {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (done.status !== 0) process.exit(done.status ?? 1);
}
