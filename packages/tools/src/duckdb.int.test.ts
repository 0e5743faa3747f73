/** DuckDB itself: statements, values, files shared by calls, time-outs and what is not installed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '@noetl/protocol';
import { runBatch, type RunOptions } from './harness.ts';
import { createToolbox, type Toolbox } from './index.ts';

let toolbox: Toolbox;
let dir: string;

beforeAll(() => {
  toolbox = createToolbox({ runners: 1, allowed: ['duckdb_files'] });
  dir = mkdtempSync(join(tmpdir(), 'duckdb-'));
});

afterAll(async () => {
  await toolbox.close();
  rmSync(dir, { recursive: true });
});

async function outcome(config: JsonObject, options: RunOptions = {}) {
  const [one] = await runBatch(toolbox, 'duckdb', '', [{}], { ...options, config });
  if (!one) throw new Error('no outcome');
  return one;
}

async function run(config: JsonObject): Promise<JsonObject> {
  const one = await outcome(config);
  if (one.status === 'error') throw new Error(JSON.stringify(one.error));
  return JSON.parse(one.text) as JsonObject;
}

const rowOf = async (expression: string): Promise<Json | undefined> =>
  ((await run({ query: `SELECT ${expression} AS v` }))['rows'] as JsonObject[])[0]?.['v'];

test('the result of every statement, and the last at the top', async () => {
  const command = `-- a table; with rows
    CREATE TABLE t (a INTEGER, b TEXT);
    INSERT INTO t VALUES (1, 'x;y'), (2, NULL);
    SELECT * FROM t ORDER BY a;`;
  const rows = [
    { a: 1, b: 'x;y' },
    { a: 2, b: null },
  ];
  const last = { status: 'success', rows, row_count: 2, columns: ['a', 'b'] };
  expect(await run({ command })).toEqual({
    command_0: { status: 'success', rows: [], row_count: 0, columns: [] },
    command_1: { status: 'success', rows: [], row_count: 2, columns: [] },
    command_2: last,
    ...last,
    statement_count: 3,
  });
});

test.each<[string, JsonObject]>([
  ['queries as a list', { queries: ['CREATE TABLE t AS SELECT 1 AS a', 'SELECT a FROM t'] }],
  ['commands', { commands: 'CREATE TABLE t AS SELECT 1 AS a; SELECT a FROM t' }],
  ['base64', { command_b64: Buffer.from('SELECT 1 AS a').toString('base64') }],
  ['returning', { query: 'CREATE TABLE t (a INT); INSERT INTO t VALUES (1) RETURNING a' }],
])('%s', async (_, config) => {
  expect(await run(config)).toMatchObject({ rows: [{ a: 1 }], row_count: 1 });
});

test.each<[string, Json]>([
  ['1::BIGINT', 1],
  ['9007199254740993::BIGINT', '9007199254740993'],
  ['12345678901234567890::HUGEINT', '12345678901234567890'],
  ['1.50::DECIMAL(10,2)', 1.5],
  [`'nan'::DOUBLE`, null],
  ['true', true],
  [`DATE '2020-01-02'`, '2020-01-02'],
  [`TIMESTAMP '2020-01-02 03:04:05.123'`, '2020-01-02T03:04:05.123'],
  [`TIMESTAMPTZ '2020-01-02 03:04:05+02'`, '2020-01-02T01:04:05+00:00'],
  [`TIME '01:02:03'`, '01:02:03'],
  ['[1, NULL]::BIGINT[]', [1, null]],
  [`{'a': 1, 'b': [DATE '2020-01-01']}`, { a: 1, b: ['2020-01-01'] }],
  [`MAP {'k': 1}`, { k: 1 }],
  ['MAP {1: 2}', { '1': 2 }],
  [`'\\x01\\x02'::BLOB`, 'AQI='],
  [`'{"a": [1]}'::JSON`, { a: [1] }],
  [`'x'::ENUM ('x')`, 'x'],
  [`'00000000-0000-0000-0000-000000000001'::UUID`, '00000000-0000-0000-0000-000000000001'],
])('%s', async (expression, expected) => {
  expect(await rowOf(expression)).toEqual(expected);
});

test('two columns of one name', async () => {
  expect(await run({ query: 'SELECT 1 AS a, 2 AS a' })).toMatchObject({ rows: [{ a: 1, 'a:1': 2 }] });
});

describe('files', () => {
  test('what one call writes the next one finds', async () => {
    const database = join(dir, 'kept.duckdb');
    await run({ database, command: 'CREATE TABLE t AS SELECT 5 AS a' });
    expect(await run({ db_path: database, query: 'FROM t' })).toMatchObject({ rows: [{ a: 5 }] });
  });

  test('calls at once on one file', async () => {
    const database = join(dir, 'shared.duckdb');
    await run({ database, command: 'CREATE TABLE t (a INTEGER)' });
    const calls = Array.from({ length: 20 }, (_, a) =>
      run({ database, command: `INSERT INTO t VALUES (${String(a)})` }),
    );
    await Promise.all(calls);
    expect(await run({ database, query: 'SELECT count(*) AS n FROM t' })).toMatchObject({
      rows: [{ n: 20 }],
    });
  });

  test('memory is of one call', async () => {
    await run({ command: 'CREATE TABLE t AS SELECT 1 AS a' });
    expect(await outcome({ query: 'FROM t' })).toMatchObject({
      error: { code: 'SQL_FAILED', kind: 'schema' },
    });
  });
});

describe('failures', () => {
  test.each<[string, JsonObject, JsonObject]>([
    ['no SQL', {}, { code: 'TOOL_CONFIG' }],
    ['only comments', { query: '-- nothing' }, { code: 'TOOL_CONFIG' }],
    [
      'syntax',
      { query: 'SELECT 1; SELEC 2' },
      { code: 'SQL_FAILED', kind: 'parse', details: { statement: 1 } },
    ],
    [
      'a constraint',
      { query: 'CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1), (1)' },
      { code: 'SQL_FAILED', kind: 'db_constraint' },
    ],
    ['a folder that is not there', { database: '/nowhere/x.db', query: 'SELECT 1' }, { code: 'SQL_FAILED' }],
    ['an extension', { query: 'LOAD no_such_extension' }, { code: 'TOOL_UNAVAILABLE' }],
    [
      'too many rows',
      { query: `SELECT repeat('x', 1000) AS v FROM range(20000)` },
      { code: 'RESULT_TOO_LARGE' },
    ],
    ['auth of no use', { query: 'SELECT 1', auth: { type: 'nats', user: 'x' } }, { code: 'TOOL_CONFIG' }],
  ])('%s', async (_, config, error) => {
    expect(await outcome(config)).toMatchObject({ status: 'error', error });
  });

  test('a time-out interrupts the statement', async () => {
    const query = 'SELECT count(*) FROM range(100000000000) a, range(1000) b';
    const late = await outcome({ query }, { environment: { timeout_ms: 300 } });
    expect(late).toMatchObject({ status: 'error', error: { code: 'TOOL_TIMEOUT' } });
    expect(late.duration_ms).toBeLessThan(3_000);
  });

  test('what a credential holds does not get into the error', async () => {
    const auth = { type: 's3', key_id: 'AKIA1', secret: `it's secret` };
    const failed = await outcome({ query: `SELECT * FROM "it's secret"`, auth });
    expect(failed.status).toBe('error');
    expect(JSON.stringify(failed)).not.toContain(`it's secret`);
  });
});

describe('without files', () => {
  let closed: Toolbox;

  beforeAll(() => {
    closed = createToolbox({ runners: 1 });
  });

  afterAll(async () => {
    await closed.close();
  });

  const tryOut = async (config: JsonObject) => (await runBatch(closed, 'duckdb', '', [{}], { config }))[0];

  test('SQL works', async () => {
    expect(await tryOut({ query: 'SELECT 1 + 1 AS v' })).toMatchObject({ status: 'ok' });
  });

  test.each<[string, JsonObject]>([
    ['a database', { database: '/tmp/closed.duckdb', query: 'SELECT 1' }],
    ['reading', { query: "SELECT * FROM read_text('/etc/hostname')" }],
    ['reading by name', { query: "SELECT * FROM '/etc/passwd'" }],
    ['writing', { query: "COPY (SELECT 1) TO '/tmp/closed.csv'" }],
    ['attaching', { query: "ATTACH '/tmp/closed.duckdb' AS other" }],
    ['an extension', { query: 'LOAD sqlite' }],
    [
      'allowing it again',
      { query: "SET disabled_filesystems = ''; SELECT * FROM read_text('/etc/hostname')" },
    ],
    ['unlocking', { query: 'SET lock_configuration = false' }],
  ])('%s is refused', async (_, config) => {
    expect(await tryOut(config)).toMatchObject({ status: 'error' });
  });
});
