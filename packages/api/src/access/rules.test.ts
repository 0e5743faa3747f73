/** The table of routes and roles is whole: every route of the app is in it, and it names no other. */
import { expect, test } from '@jest/globals';
import { createApp } from '../app.ts';
import type { ApiDeps } from '../routes/deps.ts';
import { FILES, methodsAt, routeOf, routesOf } from './route-of.ts';
import { RULES } from './rules.ts';

const app = createApp({} as ApiDeps, { loopback: false });
const routes = routesOf(app);

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

test.each([
  ['GET', '/api/executions/5', 'GET /api/executions/:id', { id: '5' }],
  ['HEAD', '/API/executions/5/', 'GET /api/executions/:id', { id: '5' }],
  ['GET', '/api/executions/%35', 'GET /api/executions/:id', { id: '5' }],
  ['GET', '/api/result/resolve', 'GET /api/result/resolve', {}],
  ['GET', '/api/catalog/team-a%2Fjob', 'GET /api/catalog/*path', { path: ['team-a/job'] }],
  ['GET', '/assets/x.js', 'GET files', {}],
  ['GET', '/executions/5', 'GET console', {}],
])('%s %s is judged as %s', (method, path, name, params) => {
  const found = routeOf(app, { method, path });
  expect([found?.name, { ...found?.params }]).toEqual([name, params]);
});

test.each([
  ['PATCH', '/api/executions/5', ['GET']],
  ['POST', '/assets/x.js', []],
  ['GET', '/api//executions', []],
  ['GET', '/%61pi/executions', []],
])('%s %s has no route', (method, path, methods) => {
  expect(routeOf(app, { method, path })).toBeUndefined();
  expect(methodsAt(app, path)).toEqual(methods);
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
