/** Catalog, executions, events and stored values on real Postgres. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { idSource, refOf, snowflakes, type Id, type JsonObject } from '@noetl/protocol';
import { startTestPostgres, type TestPostgres } from '@noetl/testkit';
import {
  commitDecision,
  connectStore,
  createExecution,
  ensurePartitions,
  executionsToAdvance,
  externalise,
  findResource,
  finishStep,
  getExecution,
  listEvents,
  listExecutions,
  listSize,
  listVersions,
  loadValue,
  migrate,
  newValueId,
  readItems,
  registerResource,
  withExecution,
  writePage,
  type Store,
} from './index.ts';

const DAY_MS = 86_400_000;
const newId = snowflakes(5, Date.now);

let postgres: TestPostgres;
let store: Store;
let catalog_id: Id;

const connect = (url: string): Store =>
  connectStore({ url, maxConnections: 12, applicationName: 'test', onError: () => undefined });
const create = async (over: object = {}): Promise<Id> =>
  (
    await createExecution(store, {
      execution_id: newId(),
      catalog_id,
      path: 'p',
      version: 1,
      payload: {},
      ...over,
    })
  ).execution_id;

beforeAll(async () => {
  postgres = await startTestPostgres();
  store = connect(postgres.url);
  ({ catalog_id } = await registerResource(store, {
    catalog_id: newId(),
    path: 'p',
    kind: 'Playbook',
    content: 'x',
  }));
});

afterAll(async () => {
  await store.close();
  await postgres.stop();
});

/** Starts an execution with one step whose command is open. */
async function started(): Promise<{ execution_id: Id; command_id: Id }> {
  const execution_id = await create();
  const command_id = await withExecution(store, execution_id, async (tx, locked) => {
    const ids = idSource(locked.last_event_id, Date.now());
    const id = ids.next();
    const context = {
      execution_id,
      catalog_id,
      path: 'p',
      vars: {},
      steps: {},
      step_kinds: {},
      args: {},
      payload: {},
    };
    const command = { lane: 'step' as const, command_id: id, execution_id, step: 's', event_id: id, context };
    const event = {
      event_id: ids.next(),
      event_type: 'command.issued' as const,
      node_name: 's',
      status: 'STARTED' as const,
      result: null,
      command_id: id,
    };
    await commitDecision(tx, {
      execution_id,
      catalog_id,
      events: [event],
      commands: [command],
      loops: [],
      last_event_id: ids.last(),
      status: 'RUNNING',
    });
    return id;
  });
  return { execution_id, command_id: command_id ?? '' };
}

describe('schema', () => {
  test('four replicas may migrate at once', async () => {
    const empty = await startTestPostgres({ empty: true });
    const stores = Array.from({ length: 4 }, () => connect(empty.url));
    const applied = await Promise.all(stores.map((one) => migrate(one)));
    expect(applied.flat()).toEqual([
      '0001-initial',
      '0002-language',
      '0003-limits',
      '0004-operations',
      '0005-redrive',
      '0006-retention',
      '0007-step-deadlines',
      '0008-traces',
      '0009-access',
      '0010-owner-functions',
      '0011-pools',
      '0012-key-ids',
      '0013-news',
    ]);
    await Promise.all(stores.map((one) => one.close()));
    await empty.stop();
  });

  test('days get partitions ahead, once', async () => {
    const later = Date.UTC(2031, 0, 1);
    const made = await Promise.all([ensurePartitions(store, later), ensurePartitions(store, later)]);
    expect(made.flatMap((one) => one.made).sort()).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((day) => `event_2031_01_0${String(day)}`),
    );
    expect(await ensurePartitions(store, later + DAY_MS)).toEqual({
      made: ['event_2031_01_09'],
      postponed: [],
    });
  });
});

describe('catalog', () => {
  test('versions rise without gaps though registered at once; the same content adds none', async () => {
    const register = (content: string) =>
      registerResource(store, { catalog_id: newId(), path: 'many', kind: 'Playbook', content });
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, index) => register(`content ${String(index)}`)),
    );
    expect(all.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const [newest] = await listVersions(store, 'many');
    const entry = await findResource(store, { path: 'many' });
    expect(newest?.version).toBe(8);
    expect(await register(entry?.content ?? '')).toMatchObject({ version: 8, created: false });
  });
});

describe('executions', () => {
  test('one key is one execution, whoever asks at once; another request with it is refused', async () => {
    const ask = (request_hash: string) =>
      createExecution(store, {
        execution_id: newId(),
        catalog_id,
        path: 'p',
        version: 1,
        payload: {},
        idempotency_key: 'k',
        request_hash,
      });
    const all = await Promise.all(Array.from({ length: 6 }, () => ask('h')));
    expect(new Set(all.map(({ execution_id }) => execution_id)).size).toBe(1);
    expect(all.filter(({ fresh }) => fresh)).toHaveLength(1);
    await expect(ask('other')).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
  });

  test('pages by key, newest first', async () => {
    const ids = [
      await create({ path: 'paged' }),
      await create({ path: 'paged' }),
      await create({ path: 'paged' }),
    ].reverse();
    const first = await listExecutions(store, { limit: 2, path: 'paged' });
    const rest = await listExecutions(store, {
      limit: 2,
      path: 'paged',
      after: first.at(-1)?.execution_id ?? '',
    });
    expect([...first, ...rest].map(({ execution_id }) => execution_id)).toEqual(ids);
  });

  test('a decision that fails leaves nothing behind', async () => {
    const { execution_id } = await started();
    const before = await listEvents(store, execution_id, { limit: 10, order: 'asc' });
    const deciding = withExecution(store, execution_id, async (tx, locked) => {
      const ids = idSource(locked.last_event_id, Date.now());
      const event = {
        event_id: ids.next(),
        event_type: 'step.skipped' as const,
        node_name: 's',
        status: 'SKIPPED' as const,
        result: null,
      };
      await commitDecision(tx, {
        execution_id,
        catalog_id,
        events: [event],
        commands: [],
        loops: [],
        last_event_id: ids.last(),
        status: 'COMPLETED',
      });
      throw new Error('no');
    });
    await expect(deciding).rejects.toThrow('no');
    expect(await listEvents(store, execution_id, { limit: 10, order: 'asc' })).toEqual(before);
    expect(await getExecution(store, execution_id)).toMatchObject({ status: 'RUNNING', end_time: null });
  });

  test('two terminal events are one too many', async () => {
    const { execution_id } = await started();
    const end = (): Promise<unknown> =>
      withExecution(store, execution_id, async (tx, locked) => {
        const ids = idSource(locked.last_event_id, Date.now());
        const event = {
          event_id: ids.next(),
          event_type: 'playbook.completed' as const,
          node_name: 'p',
          status: 'COMPLETED' as const,
          result: null,
        };
        await commitDecision(tx, {
          execution_id,
          catalog_id,
          events: [event],
          commands: [],
          loops: [],
          last_event_id: ids.last(),
          status: 'COMPLETED',
        });
      });
    await end();
    await expect(end()).rejects.toThrow(/event.*unique|duplicate key/);
  });
});

describe('steps', () => {
  const outcome = (result: string, ctx?: JsonObject) => ({
    status: 'COMPLETED' as const,
    result_text: result,
    attempts: 1,
    duration_s: 0.1,
    stdout: 'hi\n',
    ...(ctx && { ctx }),
  });

  test('of two outcomes one counts; facts follow each other with rising ids though the clock is slow', async () => {
    const { execution_id, command_id } = await started();
    const finish = (text: string) =>
      finishStep(store, {
        execution_id,
        command_id,
        worker_id: 'w',
        nowMs: Date.now() - 3_600_000,
        outcome: outcome(text, { x: 1 }),
      });
    const both = await Promise.all([finish('1'), finish('2')]);
    expect(both.filter(({ committed }) => committed)).toHaveLength(1);
    const events = await listEvents(store, execution_id, { limit: 10, order: 'asc' });
    expect(events.map(({ event_type }) => event_type)).toEqual([
      'command.issued',
      'call.done',
      'ctx.updated',
      'step.exit',
    ]);
    expect(events.at(-1)).toMatchObject({ worker_id: 'w', meta: { stdout: 'hi\n', attempts: 1 } });
  });

  test('what nobody has decided on is found, and only that', async () => {
    const { execution_id, command_id } = await started();
    expect(await executionsToAdvance(store, { older_than_ms: -1, limit: 100 })).not.toContain(execution_id);
    await finishStep(store, {
      execution_id,
      command_id,
      worker_id: 'w',
      nowMs: Date.now(),
      outcome: outcome('1'),
    });
    expect(await executionsToAdvance(store, { older_than_ms: -1, limit: 100 })).toContain(execution_id);
  });

  test('a result that Postgres refuses fails the step with a clear error', async () => {
    const { execution_id, command_id } = await started();
    const finished = await finishStep(store, {
      execution_id,
      command_id,
      worker_id: 'w',
      nowMs: Date.now(),
      outcome: outcome('"\\u0000"'),
    });
    expect(finished.committed).toBe(true);
    const [exit] = await listEvents(store, execution_id, { limit: 1, order: 'desc' });
    expect(exit).toMatchObject({ status: 'FAILED', result: { error: { code: 'RESULT_NOT_STORABLE' } } });
  });
});

describe('stored values', () => {
  test('large lists become pages, large objects documents, small parts stay', async () => {
    const execution_id = await create();
    const items = Array.from({ length: 5_000 }, (_, i) => ({ i, text: 'x'.repeat(50) }));
    const big = { a: 'y'.repeat(70_000) };
    const value = (await externalise(store, execution_id, { n: 1, items, big })) as JsonObject;
    expect([value['n'], refOf(value['items'])?.count, refOf(value['big'])?.kind]).toEqual([
      1,
      5_000,
      'value',
    ]);
    const list = refOf(value['items'])?.ref ?? '';
    expect(
      (await readItems(store, list, 2_499, 2_502)).map((text) => (JSON.parse(text) as { i: number }).i),
    ).toEqual([2_499, 2_500, 2_501]);
    expect((await readItems(store, list, 0, 9_999)).length).toBe(5_000);
    expect(await loadValue(store, execution_id, list)).toEqual(items);
    expect(await loadValue(store, execution_id, refOf(value['big'])?.ref ?? '')).toEqual(big);
  });

  test('a value of another execution is not read, a list too long is refused', async () => {
    const [mine, other] = [await create(), await create()];
    const ref =
      refOf(
        await externalise(
          store,
          other,
          Array.from({ length: 20_000 }, (_, i) => `item ${String(i)}`),
        ),
      )?.ref ?? '';
    await expect(loadValue(store, mine, ref)).rejects.toMatchObject({ code: 'TEMPLATE_ERROR' });
    await expect(loadValue(store, other, ref)).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE' });
  });

  test('pages of any length are read from any item on', async () => {
    const { execution_id } = await started();
    const list_id = await newValueId(store);
    const lengths = [2_600, 1, 3_000];
    let from_index = 0;
    for (const [page_index, count] of lengths.entries()) {
      const items = Array.from({ length: count }, (_, offset) => String(from_index + offset));
      await writePage(store, {
        execution_id,
        list_id,
        page_index,
        from_index,
        count,
        items_text: `[${items.join(',\n')}]`,
      });
      from_index += count;
    }
    const ref = `noetl://${execution_id}/list/${list_id}`;
    for (const from of [0, 1_700, 2_599, 2_600, 2_601, 5_600])
      expect(await readItems(store, ref, from, from + 3)).toEqual(
        [from, from + 1, from + 2].filter((index) => index < 5_601).map(String),
      );
    expect(await listSize(store, ref)).toBe(5_601);
  });
});
