/** The postgres tool on a real server: shapes of results, types, parameters, sessions, and ends that come early. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '@noetl/protocol';
import { startTestPostgres, type TestPostgres } from '@noetl/testkit';
import { runBatch, type RunOptions } from './harness.ts';
import { createToolbox, type Toolbox } from './index.ts';

let toolbox: Toolbox;
let database: TestPostgres;

beforeAll(async () => {
  database = await startTestPostgres({ empty: true });
  toolbox = createToolbox({ runners: 1 });
});

afterAll(async () => {
  await toolbox.close();
  await database.stop();
});

/** One item; its credential is the test's database. */
async function outcome(config: JsonObject, input: JsonObject = {}, options: RunOptions = {}) {
  const credentials = (name: string) =>
    Promise.resolve({ name, type: 'postgres', data: { dsn: database.url } });
  const [one] = await runBatch(toolbox, 'postgres', '', [input], {
    ...options,
    config: { auth: 'pg', ...config },
    environment: { credentials, ...options.environment },
  });
  if (!one) throw new Error('no outcome');
  return one;
}

async function run(config: JsonObject, input: JsonObject = {}): Promise<JsonObject> {
  const one = await outcome(config, input);
  if (one.status === 'error') throw new Error(JSON.stringify(one.error));
  return JSON.parse(one.text) as JsonObject;
}

/** The one value of a one-column query. */
async function valueOf(expression: string, params?: Json): Promise<Json> {
  const { rows } = await run({ query: `SELECT ${expression} AS v`, ...(params !== undefined && { params }) });
  return (rows as { v: Json }[])[0]?.v ?? null;
}

async function failure(config: JsonObject, input: JsonObject = {}, options: RunOptions = {}) {
  const one = await outcome(config, input, options);
  if (one.status === 'ok') throw new Error(one.text);
  return one.error;
}

describe('the result', () => {
  test('holds every statement, and the last one on top', async () => {
    const result = await run({
      command: `
        CREATE TABLE shape (id int, name text); -- a comment; with a semicolon
        INSERT INTO shape VALUES (1, 'a;b'), (2, $$c;d$$);
        SELECT id, name FROM shape ORDER BY id;`,
    });
    expect(result).toEqual({
      command_0: { status: 'success', rows: [], row_count: 0, columns: [], message: 'CREATE 0' },
      command_1: { status: 'success', rows: [], row_count: 2, columns: [], message: 'INSERT 2' },
      command_2: {
        status: 'success',
        rows: [
          { id: 1, name: 'a;b' },
          { id: 2, name: 'c;d' },
        ],
        row_count: 2,
        columns: ['id', 'name'],
        message: 'SELECT 2',
      },
      status: 'success',
      rows: [
        { id: 1, name: 'a;b' },
        { id: 2, name: 'c;d' },
      ],
      row_count: 2,
      columns: ['id', 'name'],
      statement_count: 3,
    });
  });

  test('has the rows of RETURNING', async () => {
    await run({ query: 'CREATE TABLE returned (id serial, n int)' });
    const { rows, row_count } = await run({
      query: 'INSERT INTO returned (n) VALUES (7), (8) RETURNING id, n',
    });
    expect({ rows, row_count }).toEqual({
      rows: [
        { id: 1, n: 7 },
        { id: 2, n: 8 },
      ],
      row_count: 2,
    });
  });

  test.each([
    ['a list', { commands: ['SELECT 1 AS a', 'SELECT 2 AS a'] }, 2],
    ['base64', { command_b64: Buffer.from('SELECT 2 AS a').toString('base64') }, 1],
    ['a script', { script: { uri: 'q.sql', source: { type: 'inline', code: 'SELECT 2 AS a' } } }, 1],
  ])('comes from %s as well', async (_, config: JsonObject, statement_count) => {
    expect(await run(config)).toMatchObject({ rows: [{ a: 2 }], statement_count });
  });

  test.each([
    ['no SQL', {}],
    ['only comments', { command: '-- nothing\n/* at; all */ ;;' }],
  ])('%s is refused', async (_, config) => {
    const error = await failure(config);
    expect(error.code).toBe('TOOL_CONFIG');
    expect(error.message).toContain('no sql command provided');
  });
});

describe('types', () => {
  test.each<[string, Json]>([
    ['1::int8', 1],
    ['9007199254740993::int8', '9007199254740993'],
    ['1.50::numeric', 1.5],
    ['123456789012345678901234567890::numeric', '123456789012345678901234567890'],
    ["'NaN'::float8", null],
    ['true', true],
    ['NULL', null],
    ["'2026-01-02 03:04:05'::timestamp", '2026-01-02T03:04:05'],
    ["'2026-01-02 03:04:05.678+00'::timestamptz AT TIME ZONE 'UTC'", '2026-01-02T03:04:05.678'],
    ["'2026-01-02'::date", '2026-01-02'],
    ["'1 day 02:00'::interval", '1 day 02:00:00'],
    [`'{"a": [1, null]}'::jsonb`, { a: [1, null] }],
    ["'null'::jsonb", null],
    ["'abc'::bytea", 'YWJj'],
    ["'8b5c1f2e-0000-4000-8000-000000000000'::uuid", '8b5c1f2e-0000-4000-8000-000000000000'],
    ['ARRAY[1, 2]::int8[]', [1, 2]],
    ["ARRAY['2026-01-02']::date[]", ['2026-01-02']],
    ["ARRAY['2026-01-02 03:04:05']::timestamp[]", ['2026-01-02T03:04:05']],
    ['ARRAY[1.5, 2]::numeric[]', [1.5, 2]],
    ["ARRAY['a', NULL]::text[]", ['a', null]],
    [`ARRAY['{"a": 1}']::jsonb[]`, [{ a: 1 }]],
    ["ARRAY['abc']::bytea[]", ['YWJj']],
  ])('%s', async (expression, expected) => {
    expect(await valueOf(expression)).toEqual(expected);
  });

  test('a time with its zone is ISO 8601', async () => {
    const { rows } = await run({
      commands: ["SET TIME ZONE 'Asia/Kolkata'", "SELECT '2026-01-01T00:00:00Z'::timestamptz AS t"],
    });
    expect(rows).toEqual([{ t: '2026-01-01T05:30:00+05:30' }]);
  });
});

describe('bind parameters', () => {
  test.each<[string, string, Json, Json]>([
    ['by place', '$2::int - $1::int', [1, 3], 2],
    ['by %s', '%s::text || %s::text', ['a', 'b'], 'ab'],
    ['by name', ':a::int + :a::int + :b::int', { a: 1, b: 2 }, 4],
    ['by %(name)s', '%(a)s::text', { a: "it's" }, "it's"],
    ['never in a text', "':a %s' || :a::text", { a: 'x' }, ':a %sx'],
    ['as JSON', ':a::jsonb', { a: { deep: [1] } }, { deep: [1] }],
    ['as an array', '2 = ANY(:ids)', { ids: [1, 2] }, true],
    ['as an array with its type', ':ids::text[]', { ids: ['a,b', '"c"'] }, ['a,b', '"c"']],
    ['null', ':a::text IS NULL', { a: null }, true],
  ])('%s', async (_, expression, params, expected) => {
    expect(await valueOf(expression, params)).toEqual(expected);
  });

  test('may be the input of the step', async () => {
    expect(await run({ query: 'SELECT :n::int + 1 AS v' }, { n: 4 })).toMatchObject({ rows: [{ v: 5 }] });
  });

  test('too few are refused before anything runs', async () => {
    const error = await failure({ query: 'SELECT %s, %s', params: [1] });
    expect([error.code, error.message]).toEqual([
      'TOOL_CONFIG',
      'the statement has 2 parameters, params has 1',
    ]);
  });
});

describe('errors', () => {
  test.each([
    ['SELEC 1', 'schema', '42601'],
    ['SELECT * FROM no_such_table', 'schema', '42P01'],
    ["SELECT 'x'::int", 'transform', '22P02'],
    ['CREATE TABLE uq (a int PRIMARY KEY); INSERT INTO uq VALUES (1), (1)', 'db_constraint', '23505'],
    ["SET statement_timeout = '20ms'; SELECT pg_sleep(5)", 'db_timeout', '57014'],
  ])('%s', async (query, kind, pg_code) => {
    const error = await failure({ query });
    expect(error).toMatchObject({ code: 'SQL_FAILED', kind, details: { pg_code } });
  });

  test('a statement that fails keeps what went before, and stops what follows', async () => {
    await run({ query: 'CREATE TABLE kept (n int)' });
    await failure({
      commands: ['INSERT INTO kept VALUES (1)', 'SELECT 1/0', 'INSERT INTO kept VALUES (2)'],
    });
    expect(await run({ query: 'SELECT n FROM kept' })).toMatchObject({ rows: [{ n: 1 }] });
  });

  test('a server that is away is a connection error worth another try', async () => {
    const auth = { db_host: '127.0.0.1', db_port: '1', db_user: 'nobody' };
    expect(await failure({ auth, query: 'SELECT 1' })).toMatchObject({
      code: 'SQL_FAILED',
      kind: 'db_connection',
      retryable: true,
    });
  });

  test.each([
    ['no credential', { auth: null }, 'needs `auth`'],
    ['one without a host', { auth: { db_user: 'me' } }, 'no `db_host`'],
  ])('%s says so', async (_, config, message) => {
    const error = await failure({ query: 'SELECT 1', ...config });
    expect(error.code).toBe('TOOL_CONFIG');
    expect(error.message).toContain(message);
  });

  test('an answer without end is refused, not kept in memory', async () => {
    const error = await failure({
      query: "SELECT repeat('x', 1000000) AS x FROM generate_series(1, 80)",
    });
    expect(error.code).toBe('RESULT_TOO_LARGE');
  });
});

describe('sessions', () => {
  const pool = { max_size: 1 };

  test('what one use sets, the next does not see', async () => {
    await run({ command: "SET search_path = pg_catalog; SET statement_timeout = '1h'", pool });
    const { rows } = await run({
      query: "SELECT current_setting('search_path') AS path, current_setting('statement_timeout') AS t",
      pool,
    });
    expect(rows).toEqual([{ path: '"$user", public', t: '310s' }]);
  });

  test('a transaction that is left open is undone', async () => {
    await run({ query: 'CREATE TABLE undone (n int)', pool });
    await run({ command: 'BEGIN; INSERT INTO undone VALUES (1)', pool });
    expect(await run({ query: 'SELECT count(*)::int AS n FROM undone', pool })).toMatchObject({
      rows: [{ n: 0 }],
    });
  });

  test('what needs to stand outside a transaction does', async () => {
    await run({ query: 'CREATE TABLE vac (n int); VACUUM vac' });
    expect(
      await run({
        command: `CREATE PROCEDURE twice() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO vac VALUES (1); COMMIT; END $$;
          CALL twice(); SELECT count(*)::int AS n FROM vac`,
      }),
    ).toMatchObject({ rows: [{ n: 1 }] });
  });

  test('a time-out ends the statement on the server, even when the pool has no other connection', async () => {
    const config = { query: 'SELECT pg_sleep(600) /* sleeper */', pool };
    const error = await failure(config, {}, { environment: { timeout_ms: 300 } });
    expect([error.code, error.retryable]).toEqual(['TOOL_TIMEOUT', true]);
    const { rows } = await run({
      query: `SELECT count(*)::int AS n FROM pg_stat_activity
        WHERE query LIKE '%sleeper%' AND state = 'active' AND pid <> pg_backend_pid()`,
    });
    expect(rows).toEqual([{ n: 0 }]);
  });

  test('many items share the pool of their credential', async () => {
    const credentials = (name: string) =>
      Promise.resolve({ name, type: 'postgres', data: { dsn: database.url } });
    const inputs = Array.from({ length: 20 }, (_, n) => ({ n }));
    const outcomes = await runBatch(toolbox, 'postgres', '', inputs, {
      config: { auth: 'pg', query: 'SELECT :n::int AS n, pg_backend_pid() AS pid' },
      environment: { credentials },
    });
    const rows = outcomes.map((one) =>
      one.status === 'ok' ? (JSON.parse(one.text) as { rows: { n: number; pid: number }[] }).rows[0] : null,
    );
    expect(rows.map((row) => row?.n)).toEqual(inputs.map(({ n }) => n));
    expect(new Set(rows.map((row) => row?.pid)).size).toBe(1);
  });
});

describe('rows into a table', () => {
  test('are inserted, replaced, merged and changed', async () => {
    await run({ query: 'CREATE TABLE target (id int PRIMARY KEY, name text, tags jsonb)' });
    const write = (mode: string, data: Json): Promise<JsonObject> =>
      run({ table: 'public.target', mode, key: 'id', data });
    const all = async (): Promise<Json> =>
      (await run({ query: 'SELECT * FROM target ORDER BY id' }))['rows'] as Json;
    await write('insert', [{ id: 1, name: "Robert'); DROP TABLE target;--", tags: ['a'] }, { id: 2 }]);
    expect(await all()).toEqual([
      { id: 1, name: "Robert'); DROP TABLE target;--", tags: ['a'] },
      { id: 2, name: null, tags: null },
    ]);
    await write('upsert', [
      { id: 2, name: 'two' },
      { id: 3, name: 'three' },
    ]);
    await write('update', { id: 3, name: 'third' });
    expect(await all()).toMatchObject([{ id: 1 }, { id: 2, name: 'two' }, { id: 3, name: 'third' }]);
    await write('replace', { id: 9 });
    expect(await all()).toEqual([{ id: 9, name: null, tags: null }]);
  });

  test.each([
    ['upsert', 'needs `key`'],
    ['update', 'needs `key`'],
  ])('%s without a key is refused', async (mode, message) => {
    const error = await failure({ table: 't', mode, data: { a: 1 } });
    expect(error.message).toContain(message);
  });
});
