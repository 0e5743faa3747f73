/** The list of endpoints is whole and true. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { routes } from './app.ts';
import type { ApiDeps } from './routes/deps.ts';

const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('every route is in the table, and every row is a route', () => {
  const layers = routes({} as ApiDeps).stack.flatMap(({ route }) => route ?? []);
  const served = layers.flatMap(({ path, stack }) =>
    stack.map(({ method }) => `${method.toUpperCase()} /api${path}`),
  );
  const listed = [...text.matchAll(/^\| `([A-Z]+ \/api[^`?]*)/gm)].map(([, row = '']) => row);
  // `temp` is told once, as another name.
  const wanted = served.filter((route) => !route.includes('/api/temp'));
  expect([...listed].sort()).toEqual([...new Set(wanted)].sort());
});
