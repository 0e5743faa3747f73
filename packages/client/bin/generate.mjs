#!/usr/bin/env node
/** Writes src/schema.ts, the types of the api's OpenAPI document; with `--check` it only says whether it is up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { openApi } from '@noetl/api/openapi';
import openapiTypescript, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';

const file = new URL('../src/schema.ts', import.meta.url);
const header =
  '/** Types of the HTTP API, generated from its OpenAPI document: `npm run client` writes this file. */\n';

const text = astToString(
  await openapiTypescript(JSON.stringify(sayable(openApi())), { emptyObjectsUnknown: true }),
);
const options = await resolveConfig(file);
const wanted = await format(header + text, { ...options, filepath: file.pathname });

if (!process.argv.includes('--check')) writeFileSync(file, wanted);
else if (readFileSync(file, 'utf8') !== wanted) {
  console.error('packages/client/src/schema.ts is not what the api is now: npm run build && npm run client');
  process.exit(1);
}

/** Types cannot say that one of several fields is needed: `anyOf` of such demands would make them `unknown`. */
function sayable(part) {
  if (Array.isArray(part)) return part.map(sayable);
  if (typeof part !== 'object' || part === null) return part;
  const { anyOf, ...rest } = part;
  const onlyDemands = anyOf?.every((branch) => Object.keys(branch).join() === 'required');
  const kept = onlyDemands ? rest : part;
  return Object.fromEntries(Object.entries(kept).map(([key, value]) => [key, sayable(value)]));
}
