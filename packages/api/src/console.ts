/** The console's files: built by its own package, served at `/` with a policy that lets nothing foreign run. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import express, { type Express } from 'express';

const require = createRequire(import.meta.url);

export const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/** Pages that the console draws itself; a reload of one gives the same document. */
const PAGES =
  /^\/(?:(?:executions|catalog|schedules|workers|dead-letters|credentials|tokens|audit)(?:\/.*)?)?$/;

/** Without a build there is no console, and the api works as ever. */
export function serveConsole(app: Express): void {
  const files = join(dirname(require.resolve('@noetl/console/package.json')), 'dist/web');
  if (!existsSync(join(files, 'index.html'))) return;
  // Names of assets hold a hash of what is in them.
  app.use(
    '/assets',
    express.static(join(files, 'assets'), {
      immutable: true,
      maxAge: '1y',
      index: false,
      setHeaders: (response) => void response.set(PAGE_HEADERS),
    }),
  );
  app.get(PAGES, (_, response) => {
    response.set(PAGE_HEADERS).set('Cache-Control', 'no-cache').sendFile('index.html', { root: files });
  });
}
