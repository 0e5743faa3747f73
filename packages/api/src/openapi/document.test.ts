/** The document is valid, and tells of every endpoint there is and of no other. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { createApp, routes } from '../app.ts';
import type { ApiDeps } from '../routes/deps.ts';
import { openApi, templateOf } from './document.ts';

const document = openApi();

test('it is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

test('every mounted route is told, and nothing else', () => {
  const deps = {} as ApiDeps;
  const mounted = [
    ...endpoints(routes(deps).stack, '/api'),
    ...endpoints(createApp(deps, { loopback: true }).router.stack, ''),
  ];
  const told = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(told.sort()).toEqual(mounted.sort());
});

test('names of operations are unique', () => {
  const names = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map((operation) => (operation as { operationId: string }).operationId),
  );
  expect(new Set(names).size).toBe(names.length);
});

test('every schema compiles by itself', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'noetl');
  for (const name of Object.keys(document.components.schemas))
    ajv.compile({ $ref: `noetl#/components/schemas/${name}` });
});

/** Routes of a router, with paths as the document writes them; the console's pages have a pattern instead of one. */
function endpoints(stack: ReturnType<typeof routes>['stack'], base: string): string[] {
  return stack
    .flatMap(({ route }) => route ?? [])
    .flatMap(({ path, stack: handlers }: { path: unknown; stack: { method: string }[] }) =>
      typeof path === 'string'
        ? handlers.map(({ method }) => `${method.toUpperCase()} ${base}${templateOf(path)}`)
        : [],
    );
}
