/** The lake: what attaches it, and what is said where its extension cannot be had. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { JsonObject } from '@noetl/protocol';
import { attachStatements } from './ducklake.ts';
import { secretStatement } from './duckdb/secrets.ts';
import { runBatch } from './harness.ts';
import { createToolbox, type Toolbox } from './index.ts';

let toolbox: Toolbox;
let dir: string;

beforeAll(() => {
  toolbox = createToolbox({ runners: 1, allowed: ['duckdb_files'] });
  dir = mkdtempSync(join(tmpdir(), 'ducklake-'));
});

afterAll(async () => {
  await toolbox.close();
  rmSync(dir, { recursive: true });
});

const credential = {
  name: 'pg',
  type: 'postgres',
  data: { db_host: 'h', db_name: 'd', db_password: "it's" },
};

test.each<[string, JsonObject, typeof credential | undefined, string]>([
  ['a file', { catalog_connection: 'c.db' }, undefined, `ATTACH 'ducklake:c.db' AS "lake"`],
  ['its prefix', { catalog_connection: 'ducklake:c.db' }, undefined, `ATTACH 'ducklake:c.db' AS "lake"`],
  [
    'a folder for the data',
    { catalog_connection: 'c.db', data_path: "/d'" },
    undefined,
    `ATTACH 'ducklake:c.db' AS "lake" (DATA_PATH '/d''')`,
  ],
  [
    'a credential adds what is missing',
    { catalog_connection: 'postgres:host=x' },
    credential,
    `ATTACH 'ducklake:postgres:host=x dbname=''d'' password=''it\\''s''' AS "lake"`,
  ],
  ['a file needs none', { catalog_connection: 'c.db' }, credential, `ATTACH 'ducklake:c.db' AS "lake"`],
])('%s', (_, config, auth, expected) => {
  expect(attachStatements({ catalog_name: 'lake', ...config }, auth)[1]).toBe(expected);
});

test('secrets as DuckDB reads them', () => {
  expect(secretStatement('pg', credential)).toBe(
    `CREATE OR REPLACE SECRET "pg" (TYPE postgres, HOST 'h', DATABASE 'd', PASSWORD 'it''s')`,
  );
});

test('without a connection there is nothing to attach', async () => {
  const [outcome] = await runBatch(toolbox, 'ducklake', '', [{}], {
    config: { catalog_name: 'lake', command: 'SELECT 1' },
  });
  expect(outcome).toMatchObject({ status: 'error', error: { code: 'TOOL_CONFIG' } });
});

test('a table in the lake, or what to install', async () => {
  const config = {
    catalog_name: 'lake',
    catalog_connection: join(dir, 'catalog.ducklake'),
    data_path: join(dir, 'data'),
    command: 'CREATE TABLE t AS SELECT 1 AS a; FROM t',
  };
  const [outcome] = await runBatch(toolbox, 'ducklake', '', [{}], { config });
  if (outcome?.status === 'ok') {
    expect(JSON.parse(outcome.text)).toMatchObject({ rows: [{ a: 1 }], statement_count: 2 });
  } else {
    expect(outcome?.error).toMatchObject({ code: 'TOOL_UNAVAILABLE' });
    expect(outcome?.error.hint).toContain('INSTALL ducklake');
  }
});
