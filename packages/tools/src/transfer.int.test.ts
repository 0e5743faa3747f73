/** The transfer tool on a real database and a real HTTP server: where rows come from, where they go, in what pieces. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '@noetl/protocol';
import { startTestPostgres, type TestPostgres } from '@noetl/testkit';
import { runBatch } from './harness.ts';
import { json, startServer, type TestServer } from './http/test-server.ts';
import { createToolbox, type Toolbox } from './index.ts';

let toolbox: Toolbox;
let database: TestPostgres;
let server: TestServer;
const people = Array.from({ length: 25 }, (_, index) => ({
  id: index + 1,
  name: { first: `n${String(index + 1)}` },
}));

beforeAll(async () => {
  database = await startTestPostgres({ empty: true });
  toolbox = createToolbox({ runners: 1 });
  server = await startServer(({ path }, response) => {
    if (path === '/people') json(response, { page: { people } });
    else if (path === '/data') json(response, { data: people });
    else if (path === '/mixed') json(response, [{ id: 1 }, 'two']);
    else if (path === '/none') json(response, []);
    else json(response, { why: 'gone' }, 404);
  });
});

beforeEach(async () => {
  await sql(
    'DROP TABLE IF EXISTS target; CREATE TABLE target (id int PRIMARY KEY CHECK (id < 1000), name text)',
  );
});

afterAll(async () => {
  await toolbox.close();
  await server.close();
  await database.stop();
});

async function outcome(kind: string, config: JsonObject) {
  const credentials = (name: string) =>
    Promise.resolve({ name, type: 'postgres', data: { dsn: database.url } });
  const [one] = await runBatch(toolbox, kind, '', [{}], { config, environment: { credentials } });
  if (!one) throw new Error('no outcome');
  return one;
}

async function run(kind: string, config: JsonObject): Promise<JsonObject> {
  const one = await outcome(kind, config);
  if (one.status === 'error') throw new Error(JSON.stringify(one.error));
  return JSON.parse(one.text) as JsonObject;
}

async function sql(query: string): Promise<Json[]> {
  return (await run('postgres', { auth: 'pg', query }))['rows'] as Json[];
}

const target = { type: 'postgres', auth: 'pg', table: 'public.target' };
const mapping = { id: 'id', name: 'name.first' };
const web = (path: string, more: JsonObject = {}): JsonObject => ({
  type: 'http',
  url: `${server.url}${path}`,
  ...more,
});

describe('from HTTP into a table', () => {
  test('by path and mapping, in chunks', async () => {
    const result = await run('transfer', {
      source: web('/people', { data_path: 'page.people' }),
      target: { ...target, mapping },
      chunk_size: 10,
    });
    expect(result).toEqual({
      status: 'success',
      direction: 'http_to_postgres',
      source_type: 'http',
      target_type: 'postgres',
      mode: 'append',
      rows_transferred: 25,
      chunks_processed: 3,
      target_table: 'public.target',
      columns: ['id', 'name'],
    });
    expect(await sql('SELECT count(*)::int AS n, max(name) AS last FROM target')).toEqual([
      { n: 25, last: 'n9' },
    ]);
  });

  test('replace leaves only what came, also when nothing came', async () => {
    await sql("INSERT INTO target VALUES (500, 'old')");
    await run('transfer', {
      source: web('/data'),
      target: { ...target, mapping },
      mode: 'replace',
      chunk_size: 10,
    });
    expect(await sql('SELECT count(*)::int AS n, max(id) AS last FROM target')).toEqual([
      { n: 25, last: 25 },
    ]);
    const nothing = await run('transfer', { source: web('/none'), target, mode: 'replace' });
    expect(nothing).toMatchObject({ rows_transferred: 0, chunks_processed: 0 });
    expect(await sql('SELECT * FROM target')).toEqual([]);
  });

  test('a chunk that fails is undone, those before it stay', async () => {
    await sql('INSERT INTO target VALUES (15)');
    const one = await outcome('transfer', {
      source: web('/data'),
      target: { ...target, mapping },
      chunk_size: 10,
    });
    expect(one).toMatchObject({
      status: 'error',
      error: { code: 'SQL_FAILED', kind: 'db_constraint', details: { pg_code: '23505' } },
    });
    expect(await sql('SELECT count(*)::int AS n FROM target')).toEqual([{ n: 11 }]);
  });

  test('an answer that is an error is one of the transfer', async () => {
    expect(await outcome('transfer', { source: web('/away'), target })).toMatchObject({
      status: 'error',
      error: { code: 'HTTP_STATUS', kind: 'not_found' },
    });
  });
});

describe('from a query', () => {
  const numbers = {
    type: 'postgres',
    auth: 'pg',
    query: "SELECT n AS id, 'q' || n AS name FROM generate_series(1, 3) n",
  };

  test('into a table, again as upsert', async () => {
    await run('transfer', { source: numbers, target });
    const again = { ...numbers, query: "SELECT n AS id, 'again' AS name FROM generate_series(3, 4) n" };
    const result = await run('transfer', { source: again, target: { ...target, key: 'id' }, mode: 'upsert' });
    expect(result).toMatchObject({ direction: 'postgres_to_postgres', mode: 'upsert', rows_transferred: 2 });
    expect(await sql('SELECT name FROM target ORDER BY id')).toEqual(
      ['q1', 'q2', 'again', 'again'].map((name) => ({ name })),
    );
  });

  test.each([
    ['names', 'INSERT INTO target VALUES (:id, :name)'],
    ['%s', 'INSERT INTO target (id, name) VALUES (%s, %s)'],
    ['$1', 'INSERT INTO target (id, name) VALUES ($1, $2)'],
  ])('through a statement with %s', async (_, query) => {
    await run('transfer', { source: numbers, target: { type: 'postgres', auth: 'pg', query } });
    expect(await sql('SELECT name FROM target ORDER BY id')).toEqual(
      ['q1', 'q2', 'q3'].map((name) => ({ name })),
    );
  });
});

test.each<[string, JsonObject, string, string]>([
  ['no source', { target }, 'TOOL_CONFIG', 'needs `source`'],
  [
    'a mode there is none of',
    { source: { type: 'http', url: 'http://x' }, target, mode: 'merge' },
    'TOOL_CONFIG',
    'no mode "merge"',
  ],
  ['snowflake', { source: { type: 'snowflake' }, target }, 'TOOL_UNAVAILABLE', 'source type "snowflake"'],
  [
    'a target that is none',
    { source: { type: 'http' }, target: { type: 'gcs' } },
    'TOOL_UNAVAILABLE',
    'target type "gcs"',
  ],
])('%s is refused', async (_, config, code, message) => {
  const one = await outcome('transfer', config);
  expect(one).toMatchObject({ status: 'error', error: { code } });
  expect(one.status === 'error' && one.error.message).toContain(message);
});

test('what is no row is told, not left out', async () => {
  const one = await outcome('transfer', { source: web('/mixed'), target });
  expect(one).toMatchObject({
    status: 'error',
    error: { code: 'TOOL_FAILED', message: 'item 1 of the source is no row of fields: two' },
  });
});
