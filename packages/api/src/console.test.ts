/** The console's files: which paths give the page, with which policy, and that the api's own paths stay its own. */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express from 'express';
import { serveConsole } from './console.ts';

const BUILT = existsSync(fileURLToPath(new URL('../../console/dist/web/index.html', import.meta.url)));

let server: Server;
let url: string;

beforeAll(async () => {
  const app = express();
  serveConsole(app);
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

test('there is a build to serve', () => {
  expect(BUILT).toBe(true);
});

test.each(['/', '/executions', '/executions/1/loops/a%2Fb', '/catalog/a/b', '/dead-letters/7'])(
  '%s is the page, asked for anew each time, and runs nothing foreign',
  async (path) => {
    const response = await fetch(`${url}${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
  },
);

test('assets are kept for good: their names hold a hash', async () => {
  const page = await (await fetch(url)).text();
  const [script] = /\/assets\/index-[\w-]+\.js/.exec(page) ?? [];
  const response = await fetch(`${url}${String(script)}`);
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toContain('immutable');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
});

test.each(['/api/nothing', '/apiary', '/assets/none.js', '/executionsx', '/assets/..%2findex.html'])(
  '%s is no page',
  async (path) => {
    expect((await fetch(`${url}${path}`)).status).toBe(404);
  },
);
