/** Retention: what goes, what stays, and what happens when several do it at once or are killed in the middle. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ensurePartitions, getExecution, listExecutions, withExecution } from '@noetl/store';
import { startTestNats, startTestPostgres, waitFor, type TestNats, type TestPostgres } from '@noetl/testkit';
import { DAY_MS, MaintenanceFixture } from './maintenance-fixture.ts';
import { maintain } from './maintenance.ts';
import { previewMaintenance } from './maintenance-preview.ts';

const RETENTION = 30;

let postgres: TestPostgres;
let nats: TestNats;
let world: MaintenanceFixture;

beforeAll(async () => {
  postgres = await startTestPostgres();
  nats = await startTestNats();
  world = await MaintenanceFixture.connect(postgres.url, nats.url);
});

afterAll(async () => {
  await world.close();
  await nats.stop();
  await postgres.stop();
});

beforeEach(() => world.clear());

/** Partitions of the days from `daysAgo` on. */
const daysFrom = (daysAgo: number) => ensurePartitions(world.store, Date.now() - daysAgo * DAY_MS);

test('a day is dropped with all that its executions have left anywhere; newer ones stay whole', async () => {
  await daysFrom(40);
  const old = [
    await world.seed({ startedDays: 40, endedDays: 40 }),
    await world.seed({ startedDays: 40, endedDays: 39 }),
  ];
  const recent = await world.seed({ startedDays: 36, endedDays: 29 });
  const before = await world.rows(recent);
  expect(Object.values(before)).not.toContain(0);
  expect(await world.rows(old[0] ?? '')).toEqual(before);

  const report = await world.maintain(RETENTION);
  expect(report.partitions_dropped).toContain((await world.partition(40)).name);
  expect(report).toMatchObject({
    executions_expired: 2,
    loop_counts_deleted: 2,
    analyzed: true,
    postponed: [],
    complete: true,
  });
  expect(report.rows_deleted).toMatchObject({ execution: 2, loop: 2, command: 2 });
  expect(report.rows_deleted).not.toHaveProperty('event');
  for (const id of old) {
    expect(await world.total(id)).toBe(0);
    expect(await world.hasCount(id)).toBe(false);
  }
  expect(await world.rows(recent)).toEqual(before);
  expect(await world.hasCount(recent)).toBe(true);
  expect((await world.partition(36)).there).toBe(true);
  expect(await world.maintain(RETENTION)).toMatchObject({ executions_expired: 0, analyzed: false });
});

test('without a retention nothing goes', async () => {
  const id = await world.seed({ startedDays: 400, endedDays: 400 });
  expect(await maintain(world.deps)).toMatchObject({ executions_expired: 0, rows_deleted: {} });
  expect(await world.total(id)).toBeGreaterThan(0);
});

test('a partition with an execution that runs is kept; for some days so are those beside it', async () => {
  await daysFrom(32);
  const running = await world.seed({ startedDays: 32 });
  const ended = await world.seed({ startedDays: 32, endedDays: 32 });
  const before = await world.rows(running);
  await world.maintain(RETENTION);
  expect(await world.rows(ended)).toEqual(before);

  const report = await world.maintain(RETENTION - 3);
  expect(report.rows_deleted).toMatchObject({ event: 3, execution: 1 });
  expect(await world.total(ended)).toBe(0);
  expect(await world.rows(running)).toEqual(before);
  expect((await world.partition(32)).there).toBe(true);

  await world.store.pool.query("UPDATE noetl.execution SET end_time = now() - interval '31 days'");
  expect((await world.maintain(RETENTION)).partitions_dropped).toContain((await world.partition(32)).name);
});

test('what lies in the DEFAULT partition is deleted in batches', async () => {
  const old = await world.seed({ startedDays: 50, endedDays: 50, events: 5_001 });
  const running = await world.seed({ startedDays: 50 });
  const report = await world.maintain(RETENTION);
  expect(report.rows_deleted).toMatchObject({ event: 5_001, execution: 1 });
  expect(await world.total(old)).toBe(0);
  expect(await world.total(running)).toBeGreaterThan(0);
});

describe('families', () => {
  test('stay until their last member has been over for long enough, and go together', async () => {
    const parent = await world.seed({ startedDays: 50, endedDays: 50 });
    const child = await world.seed({ startedDays: 49, endedDays: 40, parent, root: parent });
    const grandchild = await world.seed({ startedDays: 48, parent: child, root: parent });
    await world.maintain(RETENTION);
    for (const id of [parent, child, grandchild]) expect(await world.total(id)).toBeGreaterThan(0);
    await world.store.pool.query(
      "UPDATE noetl.execution SET end_time = now() - interval '31 days' WHERE execution_id = $1",
      [grandchild],
    );
    expect(await world.maintain(RETENTION)).toMatchObject({ executions_expired: 3 });
    for (const id of [parent, child, grandchild]) expect(await world.total(id)).toBe(0);
  });

  test('whoever was started by hand with a parent keeps it no longer, and outlives it', async () => {
    const parent = await world.seed({ startedDays: 50, endedDays: 50 });
    const child = await world.seed({ startedDays: 49, parent });
    await world.maintain(RETENTION);
    expect(await world.total(parent)).toBe(0);
    expect(await getExecution(world.store, child)).toMatchObject({ parent_execution_id: parent });
  });
});

test('an execution that is redriven just now stays', async () => {
  const id = await world.seed({ startedDays: 50, endedDays: 50 });
  const before = await world.rows(id);
  let maintained: Promise<unknown> | undefined;
  await withExecution(world.store, id, async (tx) => {
    await tx
      .updateTable('execution')
      .set({ end_time: null, status: 'RUNNING' })
      .where('execution_id', '=', id)
      .execute();
    maintained = world.maintain(RETENTION);
    await waitFor(
      async () => {
        const { rows } = await world.store.pool.query(
          "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
        );
        return rows.length > 0;
      },
      { what: 'the mark to wait for the redrive', everyMs: 5 },
    );
  });
  expect(await maintained).toMatchObject({ executions_expired: 0, rows_deleted: {} });
  expect(await world.rows(id)).toEqual(before);
  expect(await getExecution(world.store, id)).toMatchObject({ status: 'RUNNING' });
});

test('while NATS is away rows stay, so that their loop counts are found later', async () => {
  const id = await world.seed({ startedDays: 50, endedDays: 50 });
  const before = await world.total(id);
  const deps = await world.withoutNats(nats.url);
  await expect(maintain(deps, { retentionDays: RETENTION })).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
  });
  expect(await world.total(id)).toBe(before);
  expect(await world.maintain(RETENTION)).toMatchObject({ loop_counts_deleted: 1 });
  expect(await world.total(id)).toBe(0);
});

test('a schedule no longer points to an execution that is gone', async () => {
  const id = await world.seed({ startedDays: 50, endedDays: 50 });
  await world.store.pool.query(
    `INSERT INTO noetl.schedule (schedule_id, playbook_path, interval_seconds, last_execution_id, last_status)
     VALUES (1, 'p', 60, $1, 'started')`,
    [id],
  );
  await world.maintain(RETENTION);
  const { rows } = await world.store.pool.query('SELECT last_execution_id, last_status FROM noetl.schedule');
  expect(rows).toEqual([{ last_execution_id: null, last_status: 'started' }]);
});

test('several at once share the work, and nothing is counted twice', async () => {
  await daysFrom(40);
  const ids: string[] = [];
  for (let n = 0; n < 12; n += 1) ids.push(await world.seed({ startedDays: 33 + (n % 12), endedDays: 33 }));
  const reports = await Promise.all([1, 2, 3, 4].map(() => world.maintain(RETENTION)));
  const sum = (of: (report: (typeof reports)[number]) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  expect(sum((report) => report.executions_expired)).toBe(12);
  expect(sum((report) => report.rows_deleted['execution'] ?? 0)).toBe(12);
  expect(sum((report) => report.loop_counts_deleted)).toBe(12);
  expect(reports.flatMap((report) => report.postponed)).toEqual([]);
  for (const id of ids) expect(await world.total(id)).toBe(0);
});

test('whoever is stopped after any step leaves what the next one goes on with; nobody sees what is half gone', async () => {
  const parent = await world.seed({ startedDays: 50, endedDays: 50, events: 4_500 });
  const child = await world.seed({ startedDays: 50, endedDays: 49, parent, root: parent });
  const left = async (): Promise<number> => (await world.total(parent)) + (await world.total(child));
  const all = await left();
  const seen = new Set<number>();
  for (let steps = 1; ; steps += 1) {
    let budget = steps;
    const { complete } = await world.maintain(RETENTION, { goOn: () => (budget -= 1) >= 0 });
    const rest = await left();
    seen.add(rest);
    const known = (await getExecution(world.store, parent)) !== undefined;
    if (rest < all) {
      expect(known).toBe(false);
      expect(await listExecutions(world.store, { limit: 10 })).toEqual([]);
      expect(await withExecution(world.store, child, () => Promise.resolve(true))).toBeUndefined();
    }
    if (complete) break;
  }
  expect(await left()).toBe(0);
  expect(seen.size).toBeGreaterThan(3);
});

test('a look changes nothing, and says what is done then', async () => {
  await daysFrom(40);
  await world.seed({ startedDays: 40, endedDays: 40 });
  await world.seed({ startedDays: 60, endedDays: 40, events: 10 });
  await world.seed({ startedDays: 40.01, endedDays: 1 });
  const state = async (): Promise<unknown> =>
    (
      await world.store.pool.query(
        `SELECT (SELECT json_agg(e ORDER BY execution_id) FROM noetl.execution AS e)::text AS executions,
          (SELECT count(*) FROM noetl.event) AS events, (SELECT count(*) FROM pg_class) AS relations`,
      )
    ).rows;
  const before = await state();
  const preview = await previewMaintenance(world.store, { nowMs: Date.now(), retentionDays: RETENTION });
  expect(await state()).toEqual(before);
  expect(preview.executions_expired).toBeGreaterThan(0);
  expect(await world.maintain(RETENTION)).toEqual(preview);
});

test('whoever holds the event table makes the drop wait for another round, and nobody else for long', async () => {
  await daysFrom(40);
  const id = await world.seed({ startedDays: 40, endedDays: 40 });
  const { name } = await world.partition(40);
  const reader = await world.store.pool.connect();
  await reader.query('BEGIN; SELECT 1 FROM noetl.event LIMIT 1');
  try {
    const first = await world.maintain(RETENTION);
    expect(first).toMatchObject({ complete: false, partitions_dropped: [] });
    expect(first.postponed).toContain(name);
    expect(await getExecution(world.store, id)).toBeUndefined();
    expect(await world.rows(id)).toMatchObject({ event: 3 });
  } finally {
    await reader.query('ROLLBACK');
    reader.release();
  }
  expect((await world.maintain(RETENTION)).partitions_dropped).toContain(name);
  expect(await world.total(id)).toBe(0);
});

test('rows of the audit log go by their own age, and stay without a setting', async () => {
  const { pool } = world.store;
  await pool.query(`INSERT INTO noetl.audit (time, who, via, action, request_id, outcome, status)
    SELECT now() - days * interval '1 day', 'x', 'token', 'limit.set', days::text, 'done', 200
    FROM unnest(ARRAY[1, 9, 11, 400]) AS days`);
  const left = async (): Promise<string[]> => {
    const { rows } = await pool.query<{ request_id: string }>(
      'SELECT request_id FROM noetl.audit ORDER BY time DESC',
    );
    return rows.map(({ request_id }) => request_id);
  };
  const { deps } = world;
  expect((await maintain(deps)).audit_deleted).toBe(0);
  const options = { nowMs: Date.now(), auditRetentionDays: 10 };
  expect((await previewMaintenance(world.store, options)).audit_deleted).toBe(2);
  expect((await maintain(deps, { auditRetentionDays: 10 })).audit_deleted).toBe(2);
  expect(await left()).toEqual(['1', '9']);
});
