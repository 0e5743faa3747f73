/**
 * Known secrets of every type go through every tool, succeeding and failing, through loops, children, redrives,
 * schedules and webhooks. Afterwards none of them, in any encoding, is in anything that can be read.
 */
import { dirname } from 'node:path';
import { connectBus, type Bus } from '@noetl/bus';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { fetchAsAdmin } from '../auth.ts';
import { startTestNats, type TestNats } from '../nats.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { startTestPostgres, type TestPostgres } from '../postgres.ts';
import { startCarelessServer, type CarelessServer } from '../security/careless-server.ts';
import { argumentLists, dumpTables, filesIn, findSecrets } from '../security/find-secrets.ts';
import { readEverything } from '../security/read-everything.ts';
import { credentials, KEYCHAIN, PRIVATE_LINES, SENTINELS, TELLTALE } from '../security/sentinels.ts';
import { FROM_PYTHON, HERE, http, PLAIN, TOOLS } from '../security/telling-tools.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

const SECRETS = [...Object.values(SENTINELS), ...PRIVATE_LINES];
const ARGUMENTS_EVERY_MS = 100;
/** As many as the worker runs at once. */
const AT_ONCE = 4;

let postgres: TestPostgres;
let nats: TestNats;
/** A server of the author's own. */
let theirs: TestNats;
let careless: CarelessServer;
let platform: TestPlatform;
let ring: RingClient;
let bus: Bus;
let watching: NodeJS.Timeout;
/** What went by: messages of all subjects, and argument lists of processes. */
const messages: string[] = [];
const argumentsSeen = new Set<string>();
/** Every execution of ours. */
const ids: string[] = [];

beforeAll(async () => {
  [postgres, nats] = [await startTestPostgres(), await startTestNats()];
  theirs = await startTestNats({ open: true });
  careless = await startCarelessServer(SENTINELS.access);
  bus = await connectBus({ url: nats.url, name: 'listener' });
  const all = bus.connection.subscribe('>');
  void (async () => {
    for await (const message of all) messages.push(`${message.subject} ${message.string()}`);
  })();
  watching = setInterval(
    () => findSecrets(argumentLists(), SECRETS).forEach((find) => argumentsSeen.add(find)),
    ARGUMENTS_EVERY_MS,
  );
  platform = await startPlatform({
    workers: 1,
    postgres,
    nats,
    env: {
      NOETL_LOG_LEVEL: 'debug',
      NOETL_SQL_ENDPOINT: 'on',
      NOETL_STEP_SLOTS: '4',
      OTEL_EXPORTER_OTLP_ENDPOINT: careless.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
    },
  });
  ring = await RingClient.connect(platform);
  await prepareDatabase();
  const at = new URL(postgres.url);
  const database = { host: at.hostname, port: at.port, name: at.pathname.slice(1) };
  for (const credential of credentials({ url: careless.url, database, natsUrl: theirs.url }))
    expect((await ring.post('/api/credentials', credential)).status).toBe(201);
});

afterAll(async () => {
  clearInterval(watching);
  await ring.close();
  await bus.close();
  await platform.stop();
  await careless.close();
  await postgres.stop();
  await nats.stop();
  await theirs.stop();
});

/** A role that the postgres credential logs in as; roles are the cluster's, so it goes with the test. */
async function prepareDatabase(): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query('DROP ROLE IF EXISTS sentinel');
  await client.query(`CREATE ROLE sentinel LOGIN PASSWORD ${pg.escapeLiteral(SENTINELS.database)}`);
  await client.end();
}

async function register(path: string, steps: unknown[], workload: object = {}): Promise<string> {
  const body = JSON.stringify({ workload, workflow: steps }).replaceAll(HERE, careless.url);
  return ring.register(
    `apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x, path: ${path}}\n${KEYCHAIN(careless.url)}\n${body.slice(1, -1).replace('"workload":', 'workload: ').replace(',"workflow":', '\nworkflow: ')}`,
  );
}

interface Run {
  status: string;
  error: unknown;
}

async function run(path: string, steps: unknown[], request: object = {}): Promise<Run> {
  await register(path, steps);
  const { body } = await ring.post<{ execution_id: string }>('/api/execute', { path, ...request });
  ids.push(body.execution_id);
  const { status, error } = await ring.ended(body.execution_id);
  return { status, error };
}

describe('tools', () => {
  /** Some at once; each test looks at its own. */
  const ends = new Map<string, Run>();
  beforeAll(async () => {
    const waiting = [...TOOLS];
    const next = async (): Promise<void> => {
      for (let tool = waiting.shift(); tool; tool = waiting.shift())
        ends.set(tool[0], await run(`sentinel/${tool[0]}`, [{ step: 'start', tool: tool[1] }]));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  }, 180_000);

  test.each(TOOLS)('%s', (name, _, status) => {
    const ended = ends.get(name);
    expect([name, ended?.status, status === 'FAILED' ? typeof ended?.error : ended?.error]).toEqual([
      name,
      status,
      status === 'FAILED' ? 'string' : null,
    ]);
  });
});

test('the secrets do reach those they are meant for', () => {
  const asked = careless.asked.join('\n');
  for (const name of ['bearer', 'basic', 'header', 'query', 'client', 'access', 'generic'] as const)
    expect([name, findSecrets(asked, [SENTINELS[name]]).length > 0]).toEqual([name, true]);
});

test('variables, pages of large results, and a child that is told', async () => {
  await register('sentinel/child', [
    {
      step: 'start',
      tool: { kind: 'python', input: { t: '{{ told }}' }, code: 'print(t)\nresult = {"t": t}' },
    },
  ]);
  const { error, status } = await run('sentinel/parent', [
    {
      step: 'start',
      tool: { ...FROM_PYTHON, code: 'result = {"rows": [token] * 9000}' },
      set: { 'ctx.kept': PLAIN },
      next: { arcs: [{ step: 'below', set: { 'ctx.more': '{{ start.rows[5] }}' } }] },
    },
    {
      step: 'below',
      tool: [
        { name: 'before', ...http({ auth: 's-bearer' }) },
        {
          name: 'child',
          kind: 'playbook',
          path: 'sentinel/child',
          return_result: true,
          input: { told: PLAIN },
        },
        { name: 'after', kind: 'noop', result: { child: '{{ child }}', before: '{{ before }}' } },
      ],
    },
  ]);
  expect([status, error]).toEqual(['COMPLETED', null]);
});

test('a loop that fails in parts, and its redrive', async () => {
  const code = `${TELLTALE.replace(/^print\(\(token.*\n/m, '')}if n % 3 == 0: raise ValueError(token)\nresult = ways`;
  await register('sentinel/loop', [
    {
      step: 'items',
      loop: {
        in: '{{ range(40) }}',
        iterator: 'n',
        spec: { mode: 'parallel', policy: { on_error: 'continue' } },
      },
      tool: { kind: 'python', input: { token: PLAIN, n: '{{ n }}' }, code },
    },
  ]);
  await register('sentinel/asking', [
    {
      step: 'items',
      loop: {
        in: '{{ range(10) }}',
        iterator: 'n',
        spec: { mode: 'parallel', policy: { on_error: 'continue' } },
      },
      tool: http({ auth: 's-basic', url: `${HERE}/fail`, params: { n: '{{ n }}' } }),
    },
  ]);
  for (const path of ['sentinel/loop', 'sentinel/asking']) {
    const id = await ring.execute(path);
    ids.push(id);
    await ring.ended(id);
    const { status } = await ring.post(`/api/executions/${id}/redrive`, { step: 'items', state: 'failed' });
    expect(status).toBe(202);
    await ring.ended(id);
  }
});

test('a schedule', async () => {
  await register('sentinel/scheduled', [{ step: 'start', tool: http({ auth: 's-bearer' }) }]);
  const { body } = await ring.post<{ schedule_id: string }>('/api/schedules', {
    path: 'sentinel/scheduled',
    interval_seconds: 1,
  });
  const first = await waitFor(
    async () =>
      (
        await ring.sql<{ id: string }>(
          `SELECT execution_id::text AS id FROM noetl.execution WHERE path = 'sentinel/scheduled'`,
        )
      )[0],
    { what: 'a scheduled run' },
  );
  await fetchAsAdmin(`${platform.url}/api/schedules/${body.schedule_id}`, { method: 'DELETE' });
  ids.push(first.id);
  await ring.ended(first.id);
});

test('webhooks that are delivered, and that are not', async () => {
  const { webhookUser, webhookQuery, webhookHeader, webhook } = SENTINELS;
  const target = (origin: string): object => ({
    url: `${origin.replace('//', `//me:${webhookUser}@`)}/hook?token=${webhookQuery}`,
    headers: { 'x-hook': webhookHeader },
    secret: webhook,
  });
  const steps = [{ step: 'start', tool: http({ auth: 's-bearer' }) }];
  for (const [name, origin] of [
    ['told', careless.url],
    ['untold', 'http://127.0.0.1:1'],
  ] as const)
    expect(await run(`sentinel/${name}`, steps, { webhook: target(origin) })).toMatchObject({
      status: 'COMPLETED',
    });
  const told = await waitFor(() => careless.asked.find((text) => text.includes('/hook?')), {
    what: 'the webhook',
  });
  expect(told).toContain(webhookQuery);
  expect(told).toContain(Buffer.from(`me:${webhookUser}`).toString('base64'));
  expect(told).toContain(webhookHeader);
  expect(told).toContain('sha256=');
  await waitFor(() => platform.log('api').includes('a webhook was not delivered'), {
    what: 'the try that failed',
  });
});

test('a playbook cannot be made to name another credential', async () => {
  const items = [{ a: 's-bearer' }, { a: ['s', 'generic'].join('-') }];
  const { status, error } = await run(
    'sentinel/chosen',
    [{ step: 'start', loop: { in: '{{ items }}', iterator: 'i' }, tool: http({ auth: '{{ i.a }}' }) }],
    { payload: { items } },
  );
  expect([status, String(error)]).toEqual([
    'FAILED',
    expect.stringContaining('does not name the credential'),
  ]);
});

test('no table has any of them', async () => {
  const found = await findInTables();
  expect(found).toEqual([]);
});

async function findInTables(): Promise<string[]> {
  const dump = await dumpTables(postgres.url);
  expect(dump.size).toBeGreaterThan(10);
  return [...dump].flatMap(([table, rows]) => findSecrets(rows, SECRETS).map((find) => `${table}: ${find}`));
}

test('no subject, stream or bucket of NATS', async () => {
  const streams = await bus.manager.streams.list().next();
  expect(streams.length).toBeGreaterThan(1);
  for (const { config, state } of streams)
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const kept = await bus.manager.streams.getMessage(config.name, { seq }).catch(() => undefined);
      if (kept) messages.push(`${kept.subject} ${Buffer.from(kept.data).toString()}`);
    }
  expect(messages.length).toBeGreaterThan(100);
  expect(findSecrets(messages.join('\n'), SECRETS)).toEqual([]);
});

test('no log', () => {
  const logs = filesIn(dirname(platform.processes.logFile('api')));
  expect([...logs.keys()]).toEqual(expect.arrayContaining(['api.log', 'aggregator.log', 'worker-1.log']));
  expect(
    [...logs].flatMap(([file, text]) => findSecrets(text, SECRETS).map((find) => `${file}: ${find}`)),
  ).toEqual([]);
});

test('no span', async () => {
  await waitFor(() => careless.spans.join('').includes('sentinel/chosen'), { what: 'the last spans' });
  expect(findSecrets(careless.spans.join('\n'), SECRETS)).toEqual([]);
});

test('no list of arguments of a process', () => {
  expect([...argumentsSeen]).toEqual([]);
});

test('no answer of the api, no page of the console, no query of the SQL endpoint', async () => {
  const { answers, statuses } = await readEverything(platform.url, ids);
  expect(statuses.get(200)).toBeGreaterThan(300);
  const queries = [
    'SELECT * FROM noetl.credential',
    'SELECT * FROM noetl.execution',
    'SELECT * FROM pg_stat_activity',
  ];
  for (const query of queries)
    answers.push(['sql', JSON.stringify((await ring.post('/api/postgres/execute', { query })).body)]);
  expect(
    answers.flatMap(([from, text]) => findSecrets(text, SECRETS).map((find) => `${from}: ${find}`)),
  ).toEqual([]);
});

test('and what is planted is found, in every table and encoding', async () => {
  const { generic, client } = SENTINELS;
  const planted: [string, string][] = [
    [
      `UPDATE noetl.credential SET description = $1 WHERE name = 's-basic'`,
      `x${Buffer.from(`.${generic}`).toString('base64')}`,
    ],
    [
      `CREATE TABLE IF NOT EXISTS public.planted AS SELECT jsonb_build_object('a', $1::text) AS value`,
      JSON.stringify({ client }),
    ],
    [
      `UPDATE noetl.execution SET error = $1 WHERE execution_id = ${ids[0] ?? ''}`,
      encodeURIComponent(generic),
    ],
  ];
  for (const [statement, text] of planted) {
    const query = statement.startsWith('CREATE')
      ? statement.replace('$1::text', pg.escapeLiteral(text))
      : statement;
    await ring.sql(query, statement.startsWith('CREATE') ? [] : [text]);
  }
  const found = await findInTables();
  for (const table of ['noetl.credential', 'noetl.execution', 'public.planted'])
    expect([table, found.some((find) => find.startsWith(`${table}:`))]).toEqual([table, true]);
  const { answers } = await readEverything(platform.url, ids.slice(0, 1));
  expect(answers.some(([, text]) => findSecrets(text, [generic]).length > 0)).toBe(true);
});
