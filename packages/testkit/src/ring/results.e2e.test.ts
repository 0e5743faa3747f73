/** Reading an execution from outside: variables, results, kept values, and SQL as NoETL's own script asks it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchAsAdmin } from '../auth.ts';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  platform = await startPlatform({ workers: 1, env: { NOETL_SQL_ENDPOINT: 'on' } });
  ring = await RingClient.connect(platform);
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

function register(path: string, steps: string, more = ''): Promise<string> {
  return ring.register(
    `apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x, path: ${path}}\n${more}\nworkflow:\n${steps}`,
  );
}

interface Vars {
  variables: Record<string, { value: unknown; type: string; source_step: string | null }>;
  count: number;
}

describe('variables', () => {
  test('are the workload and what steps wrote, with who wrote it', async () => {
    const steps = `- {step: start, tool: {kind: noop, result: 5}, set: {ctx.five: "{{ start }}", ctx.deep.er: 1}}`;
    const { execution_id } = await ring.run(
      await register('vars/read', steps, 'workload: {given: yes, five: 0}'),
    );
    const { body } = await ring.get<Vars>(`/api/vars/${execution_id}`);
    expect(body.variables).toMatchObject({
      given: { value: 'yes', type: 'user_defined', source_step: null },
      five: { value: 5, type: 'step_result', source_step: 'start' },
      deep: { value: { er: 1 } },
    });
    expect((await ring.get(`/api/vars/${execution_id}/nothing`)).status).toBe(404);
    const late = await ring.post(`/api/vars/${execution_id}`, { variables: { x: 1 } });
    expect([late.status, late.body['code']]).toEqual([409, 'EXECUTION_ENDED']);
  });

  test('may be written while the execution runs, and the next step sees them', async () => {
    const steps = `- {step: start, tool: {kind: python, code: "import time; time.sleep(1); result = 1"}, next: {arcs: [{step: end}]}}
- {step: end, tool: {kind: noop, result: "{{ told }}"}}`;
    const id = await ring.execute(await register('vars/write', steps, 'workload: {told: nothing}'));
    const { body } = await ring.post(`/api/vars/${id}`, { variables: { told: { from: 'outside' } } });
    expect(body).toMatchObject({ variables_set: ['told'], count: 1 });
    expect((await ring.ended(id)).result).toEqual({ from: 'outside' });
  });
});

describe('results', () => {
  test('a large one is kept apart, with the selected fields in place, and read as a whole', async () => {
    const steps = `- step: start
  tool: {kind: python, code: "result = {'status': 'ok', 'meta': {'n': 3}, 'rows': ['x' * 1000] * 200}"}
  output: {output_select: [status, {path: $.meta.n, as: n}], store: {kind: auto, ttl: 1h}}
  next: {arcs: [{step: end}]}
- step: end
  tool: {kind: noop, result: {status: "{{ start.status }}", n: "{{ start.n }}", rows: "{{ start.rows | length }}", ref: "{{ start._ref is defined }}", store: "{{ start._store }}"}}`;
    const { execution_id, result } = await ring.run(await register('results/select', steps));
    expect(result).toEqual({ status: 'ok', n: 3, rows: 200, ref: true, store: 'kv' });
    const stored = (await ring.stepResult(execution_id, 'start')) as {
      _ref: { ref: string };
      rows?: unknown;
    };
    expect(stored.rows).toBeUndefined();
    const whole = await ring.get<{ data: { rows: string[] } }>(`/api/result/${execution_id}/start`);
    expect(whole.body.data.rows).toHaveLength(200);
    const listed = await ring.get(`/api/result/${execution_id}/list`);
    expect(listed.body).toMatchObject({ count: 1, results: [{ step: 'start', store: 'kv' }] });
    const resolved = await ring.get(`/api/result/resolve?ref=${encodeURIComponent(stored._ref.ref)}`);
    expect(resolved.body).toMatchObject({ data: { status: 'ok', meta: { n: 3 } } });
  });

  test('of a pipeline in all spellings, also when one task gives much', async () => {
    const steps = `- step: start
  tool:
    - {name: much, kind: python, code: "result = {'rows': list(range(9000)), 'first': 1}"}
    - {name: little, kind: noop, result: {second: 2}}
  next: {arcs: [{step: end}]}
- step: end
  tool: {kind: noop, result: ["{{ start.second }}", "{{ start.first }}", "{{ start.much.first }}", "{{ start.results.much.rows | length }}", "{{ start.much.rows[8999] }}"]}`;
    const { execution_id, result } = await ring.run(await register('results/pipeline', steps));
    expect(result).toEqual([2, 1, 1, 9_000, 8_999]);
    const { body } = await ring.get<{ data: { second: number; much: { first: number } } }>(
      `/api/result/${execution_id}/start?resolve=false`,
    );
    expect(body.data).toMatchObject({ second: 2, much: { first: 1 }, little: { second: 2 } });
  });

  test('of one task of a pipeline is kept apart, whatever its size, and read by all its names', async () => {
    const steps = `- step: start
  tool:
    - {name: first, kind: noop, result: {a: 1, b: {c: 2}}, output: {store: {kind: kv}, inline_max_bytes: 0, output_select: [b.c]}}
    - {name: second, kind: noop, result: {d: "{{ first.b.c + 1 }}"}}
  next: {arcs: [{step: end}]}
- step: end
  tool: {kind: noop, result: ["{{ start.first._store }}", "{{ start.first._ref is defined }}", "{{ start.first.c }}", "{{ start.first.a }}", "{{ start.results.first.b.c }}", "{{ start.d }}"]}`;
    const { execution_id, result, error } = await ring.run(await register('results/task', steps));
    expect([error, result]).toEqual([null, ['kv', true, 2, 1, 2, 3]]);
    const stored = await ring.stepResult(execution_id, 'start');
    expect(stored).toMatchObject({
      results: { first: { _store: 'kv', _size_bytes: 19, c: 2 }, second: { d: 3 } },
    });
    expect(stored).not.toHaveProperty('results.first.a');
  });

  test.each([
    ['nothing is small enough', '{inline_max_bytes: 0, store: {kind: auto}}', 'kv'],
    ['the tier that was asked for is told', '{inline_max_bytes: 0, store: {kind: gcs, ttl: 1h}}', 'gcs'],
    ['the store may be a word', '{inline_max_bytes: 0, store: object}', 'object'],
  ])('%s, and artifact get brings it back', async (_, output, tier) => {
    const steps = `- {step: start, tool: {kind: noop, result: {a: [1]}, output: ${output}}, next: {arcs: [{step: get}]}}
- {step: get, tool: {kind: artifact, action: get, input: {result_ref: "{{ start._ref }}"}}, next: {arcs: [{step: end}]}}
- {step: end, tool: {kind: noop, result: ["{{ start._store }}", "{{ start._size_bytes }}", "{{ start._preview }}", "{{ get.a[0] }}", "{{ start.a[0] }}"]}}`;
    const { result, error } = await ring.run(await register('results/inline', steps));
    expect([error, result]).toEqual([null, [tier, 9, '{"a":[1]}', 1, 1]]);
  });

  test.each([
    ['a time that is none', '{inline_max_bytes: 0, ttl: forever}', '`ttl` must be seconds'],
    ['a scope that is none', '{inline_max_bytes: 0, scope: galaxy}', '`output.scope` of step "start"'],
  ])('%s fails the step', async (_, output, message) => {
    const steps = `- {step: start, tool: {kind: noop}, output: ${output}}`;
    const { status, error } = await ring.run(await register('results/wrong', steps));
    expect(status).toBe('FAILED');
    expect(error).toContain(message);
  });

  test('a value whose time is over is told to be missing, as an error that rules can tell', async () => {
    const steps = `- {step: start, tool: {kind: noop, result: {a: 1}}, output: {inline_max_bytes: 0, ttl: 0.01}, next: {arcs: [{step: end}]}}
- step: end
  tool:
    - {name: wait, kind: python, code: "import time; time.sleep(0.1)"}
    - name: get
      kind: artifact
      input: {ref: "{{ start._ref.ref }}"}
      spec: {policy: {rules: [{when: "{{ output.error.kind == 'missing_reference' }}", then: {do: continue, set: {ctx.told: "{{ output.error.code }}"}}}]}}
    - {name: tell, kind: noop, result: "{{ told }}"}`;
    const { execution_id, status } = await ring.run(await register('results/gone', steps));
    expect(status).toBe('COMPLETED');
    const { body } = await ring.get<Vars>(`/api/vars/${execution_id}`);
    expect(body.variables['told']?.value).toBe('VALUE_MISSING');
  });

  test('values put from outside come back by reference, until they expire', async () => {
    const { execution_id } = await ring.run(
      await register('results/put', '- {step: start, tool: {kind: noop}}'),
    );
    const put = async (ttl: number): Promise<string> => {
      const answer = await fetchAsAdmin(`${platform.url}/api/result/${execution_id}`, {
        method: 'PUT',
        body: JSON.stringify({ name: 'given', data: [1, 2], ttl }),
      });
      return ((await answer.json()) as { ref: string }).ref;
    };
    const [lasting, short] = [await put(60), await put(0.01)];
    const resolve = (ref: string) => ring.get(`/api/result/resolve?ref=${encodeURIComponent(ref)}`);
    expect((await resolve(lasting)).body).toMatchObject({ data: [1, 2] });
    await waitFor(async () => (await resolve(short)).body['code'] === 'VALUE_MISSING', {
      what: 'the end of its time',
    });
  });
});

describe('SQL over HTTP', () => {
  const execute = (body: object) => ring.post('/api/postgres/execute', body);

  test("NoETL's own script reads the events of an execution", async () => {
    const { execution_id } = await ring.run(
      await register('sql/events', '- {step: start, tool: {kind: noop}}'),
    );
    const query = `SELECT event_type, node_name, status, result FROM noetl.event WHERE execution_id = ${execution_id} ORDER BY event_id DESC LIMIT 50`;
    const { status, body } = await execute({ query, schema: 'noetl' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ok', error: null });
    expect((body['result'] as object[])[0]).toMatchObject({ event_type: 'playbook.completed' });
  });

  test.each([
    ['a write', { query: "UPDATE noetl.execution SET status = 'X'" }],
    ['a write behind a read', { query: 'SELECT 1; DROP TABLE noetl.event' }],
    ['a write in a WITH', { query: 'WITH gone AS (DELETE FROM noetl.event RETURNING 1) SELECT * FROM gone' }],
    ['a function that writes', { query: "SELECT nextval('noetl.value_id')" }],
    ['a file of the server', { query: "SELECT pg_read_file('postgresql.conf')" }],
    ['the end of other sessions', { query: 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity' }],
    ['sealed credentials', { query: 'SELECT data FROM noetl.credential' }],
    ['hashes of tokens', { query: 'SELECT * FROM noetl.api_token' }],
    ['another role', { query: "SELECT set_config('role', 'noetl_api', true)" }],
    ['a wrong statement', { query: 'SELEC 1' }],
  ])('%s is answered with 200 and the error', async (_, body) => {
    const answer = await execute(body);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: 'error', result: null });
    expect(answer.body['error']).not.toBe('');
  });

  test('parameters are bound, rows are bounded', async () => {
    const bound = await execute({ query: 'SELECT $1::int + 1 AS n', parameters: [41] });
    expect(bound.body['result']).toEqual([{ n: 42 }]);
    const many = await execute({ query: 'SELECT * FROM generate_series(1, 5000)' });
    expect(many.body).toMatchObject({ status: 'ok', truncated: true });
    expect(many.body['result']).toHaveLength(1_000);
  });

  test('another database is refused', async () => {
    expect((await execute({ query: 'SELECT 1', credential: 'pg' })).status).toBe(400);
  });
});
