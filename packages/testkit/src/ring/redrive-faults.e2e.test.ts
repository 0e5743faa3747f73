/** Redrive after cancellations, and while workers die or sleep: nothing runs that was not chosen, nothing counts twice. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { waitFor } from '../wait.ts';
import type { Answer } from './client.ts';
import { HEALTHY, SICK, WHOLE, RedriveStage } from './redrive-stage.ts';

let stage: RedriveStage;

beforeAll(async () => {
  stage = await RedriveStage.open();
});

beforeEach(() => stage.reset());

afterAll(() => stage.close());

const WORKERS = ['worker-1', 'worker-2'];

/** The answer as soon as what ran when the execution was cancelled has come in. */
function redriven(id: string, body: object): Promise<Answer<Record<string, unknown>>> {
  return waitFor(
    async () => {
      const tried = await stage.redrive(id, body);
      return tried.body['code'] !== 'LOOP_RUNNING' && tried;
    },
    { what: 'the end of what ran' },
  );
}

test('a cancelled loop goes on with what was not started', async () => {
  await stage.heal();
  // Long enough that the cancel finds items that have not begun, however busy the machine is.
  const id = await stage.start({ seconds: 2 });
  const counted = async (): Promise<number> => {
    const [loop] = await stage.ring.sql<{ completed: number }>(
      'SELECT completed FROM noetl.loop WHERE execution_id = $1',
      [id],
    );
    return loop?.completed ?? 0;
  };
  await waitFor(async () => (await counted()) > 0, { what: 'items that are done' });
  const cancelled = await stage.ring.post(`/api/executions/${id}/cancel`, {});
  expect(cancelled.body).toMatchObject({ status: 'cancelled' });
  const answer = await redriven(id, { state: 'not_started' });
  expect(answer.status).toBe(202);
  expect((await stage.ring.ended(id)).status).toBe('COMPLETED');
  // What was cut off in the middle runs twice, and counts once.
  expect([...new Set(await stage.ranSoFar())]).toEqual(HEALTHY);
  expect(await stage.ring.stepResult(id, 'total')).toEqual(WHOLE);
  expect(await stage.terminalRuns(id)).toEqual([1, 2]);
});

test('workers that are killed during a redrive cost nothing', async () => {
  const id = await stage.firstRun({ seconds: 0.2 });
  await stage.ranSoFar();
  await stage.heal();
  await stage.redrive(id, { state: 'failed' });
  await waitFor(async () => (await stage.ran()).length > 0, { what: 'an item that runs' });
  await Promise.all(WORKERS.map((worker) => stage.platform.kill(worker, 'SIGKILL')));
  for (const worker of WORKERS) await stage.platform.restart(worker);
  expect((await stage.ring.ended(id)).status).toBe('COMPLETED');
  expect([...new Set(await stage.ranSoFar())]).toEqual(SICK);
  expect(await stage.ring.stepResult(id, 'total')).toEqual(WHOLE);
});

test('a worker that slept through the end of the first run adds nothing to the second', async () => {
  const id = await stage.start({ seconds: 0.5 });
  const held = (): Promise<{ worker_id: string }[]> =>
    stage.ring.sql(`SELECT worker_id FROM noetl.command WHERE execution_id = $1 AND state = 'leased'`, [id]);
  await waitFor(async () => (await held()).length > 1 && (await stage.ran()).length > 0, {
    what: 'chunks that run',
  });
  for (const worker of WORKERS) stage.platform.processes.signal(worker, 'SIGSTOP');
  const cancelled = await stage.ring.post(`/api/executions/${id}/cancel`, {});
  expect(cancelled.body).toMatchObject({ status: 'cancelled' });
  // Its lease has to run out first; nobody else is there to take it.
  expect((await stage.redrive(id, { state: 'incomplete' })).body['code']).toBe('LOOP_RUNNING');
  await stage.heal();
  await stage.platform.addWorker();
  const answer = await redriven(id, { state: 'incomplete' });
  expect(answer.status).toBe(202);
  await stage.ring.ended(id);
  const rows = (): Promise<unknown[]> =>
    stage.ring.sql('SELECT event_id FROM noetl.event WHERE execution_id = $1 ORDER BY event_id', [id]);
  const before = await rows();
  const [thawed] = await stage.ring.sql<{ at: Date }>('SELECT now() AS at');
  for (const worker of WORKERS) stage.platform.processes.signal(worker, 'SIGCONT');
  const awake = (): Promise<unknown[]> =>
    stage.ring.sql(`SELECT 1 FROM noetl.runtime WHERE kind = 'worker_pool' AND heartbeat > $1`, [thawed?.at]);
  await waitFor(async () => (await awake()).length === 3, { what: 'all workers awake' });
  expect(await rows()).toEqual(before);
  expect(await stage.ring.stepResult(id, 'total')).toEqual(WHOLE);
});
