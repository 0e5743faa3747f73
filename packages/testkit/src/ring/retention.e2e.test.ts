/** An execution past its retention, as its users see it: unknown everywhere, while those beside it go on. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { waitFor } from '../wait.ts';
import { HEALTHY, RedriveStage } from './redrive-stage.ts';

const RETENTION_DAYS = 30;
const AGE_DAYS = 40;

let stage: RedriveStage;

beforeAll(async () => {
  stage = await RedriveStage.open({
    NOETL_RETENTION_DAYS: String(RETENTION_DAYS),
    NOETL_MAINTENANCE_MS: '300',
  });
  await stage.reset();
});

afterAll(() => stage.close());

/** Moves an execution into the past, in whatever table it has rows; returns the id it has there. */
async function age(id: string): Promise<string> {
  const { ring } = stage;
  const older = (BigInt(id) - (BigInt(AGE_DAYS * 86_400_000) << 23n)).toString();
  await ring.sql(`
    DO $$ DECLARE t text; BEGIN
      SET LOCAL session_replication_role = replica;
      UPDATE noetl.execution SET start_time = start_time - interval '${String(AGE_DAYS)} days',
        end_time = end_time - interval '${String(AGE_DAYS)} days' WHERE execution_id = ${id};
      FOR t IN SELECT c.table_name FROM information_schema.columns AS c
        JOIN information_schema.tables AS i USING (table_schema, table_name)
        WHERE c.table_schema = 'noetl' AND c.column_name = 'execution_id' AND i.table_type = 'BASE TABLE'
          AND c.table_name !~ '^event_'
      LOOP EXECUTE format('UPDATE noetl.%I SET execution_id = ${older} WHERE execution_id = ${id}', t); END LOOP;
    END $$`);
  return older;
}

test('everything about it answers 404, its key is free, and newer ones are whole', async () => {
  const { ring, platform } = stage;
  const recent = await stage.firstRun();
  const old = await age(await stage.firstRun());
  await waitFor(async () => (await ring.get(`/api/executions/${old}`)).status === 404, {
    what: 'the execution to be gone',
  });
  await waitFor(
    async () => {
      const rows = await ring.sql('SELECT 1 FROM noetl.execution WHERE execution_id = $1', [old]);
      return rows.length === 0;
    },
    { what: 'its row to be gone' },
  );
  const gets = ['', '/status', '/events', '/loops/items', '/loops/items/items', '/dead-letters', '/graph'];
  for (const path of gets) {
    const { status, body } = await ring.get(`/api/executions/${old}${path}`);
    expect([path, status, body]).toMatchObject([path, 404, { code: 'EXECUTION_UNKNOWN' }]);
  }
  for (const path of [`/api/vars/${old}`, `/api/result/${old}/total`, `/api/result/${old}/list`]) {
    expect([path, (await ring.get(path)).status]).toEqual([path, 404]);
  }
  const redrive = await stage.redrive(old, { state: 'failed' });
  expect([redrive.status, redrive.body]).toMatchObject([404, { code: 'EXECUTION_UNKNOWN' }]);
  for (const verb of ['cancel', 'rerun', 'pause']) {
    const { status, body } = await ring.post(`/api/executions/${old}/${verb}`, {});
    expect([verb, status, body]).toMatchObject([verb, 404, { code: 'EXECUTION_UNKNOWN' }]);
  }
  const { body: list } = await ring.get<{ executions: { execution_id: string }[] }>('/api/executions');
  expect(list.executions.map(({ execution_id }) => execution_id)).toEqual([recent]);

  const { body: pages } = await ring.get<{ items: { current_index: number }[] }>(
    `/api/executions/${recent}/loops/items/items?limit=1000`,
  );
  expect(pages.items.map(({ current_index }) => current_index)).toEqual(HEALTHY);
  expect(await ring.loopState(recent, 'items')).toMatchObject({ completed_count: 100 });
  await stage.heal();
  expect((await stage.redrive(recent, { state: 'failed' })).status).toBe(202);
  expect(await ring.ended(recent)).toMatchObject({ status: 'COMPLETED' });
  expect(platform.processes.ended()).toEqual([]);
});
