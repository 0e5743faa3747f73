/** The table of routes and roles is whole: every route of the app is in it, and it names no other. */
import { expect, test } from '@jest/globals';
import { createApp } from '../app.ts';
import type { ApiDeps } from '../routes/deps.ts';
import { FILES, routesOf } from './route-of.ts';
import { RULES } from './rules.ts';

const routes = routesOf(createApp({} as ApiDeps, { loopback: false }));

test('every route has a rule, and every rule a route', () => {
  expect(routes.length).toBeGreaterThan(70);
  expect([...new Set([...routes, 'GET files'])].sort()).toEqual([...RULES.keys()].sort());
});

test('only pages, files and health are open', () => {
  const open = [...RULES].filter(([, { target }]) => target === 'open').map(([route]) => route);
  expect(open.sort()).toEqual([
    'GET /api/health',
    'GET /api/ready',
    'GET /docs',
    'GET /health',
    'GET console',
    'GET files',
  ]);
});

test('no route lies below the folders of files', () => {
  expect(routes.filter((route) => FILES.test(route.replace(/^\w+ /, '')))).toEqual([]);
});

test('what registers code, credentials or tokens is not for operators', () => {
  const rows = [...RULES].filter(([, { action }]) =>
    /^(catalog\.register|credential|token|audit|sql)/.test(action),
  );
  expect(rows.length).toBeGreaterThan(8);
  expect(rows.filter(([, { role }]) => role === 'viewer' || role === 'operator')).toEqual([]);
});

test('what changes anything goes to the audit log', () => {
  const silent = [...RULES].filter(([route, { changes }]) => !route.startsWith('GET ') && !changes);
  expect(silent.map(([route]) => route).sort()).toEqual([
    'POST /api/catalog/list',
    'POST /api/catalog/resource',
    'POST /api/catalog/validate',
  ]);
});
