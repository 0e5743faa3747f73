/** Claims and leases on real Postgres. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Id } from '@noetl/protocol';
import { startTestPostgres, type TestPostgres } from '@noetl/testkit';
import { claimCommand, getExecution, heartbeat, setPaused, staleCommands } from './index.ts';
import { LoopFixture, rowsOf } from './loop-fixture.ts';

const LEASE_MS = 60_000;

let postgres: TestPostgres;
let loops: LoopFixture;

beforeAll(async () => {
  postgres = await startTestPostgres();
  loops = await LoopFixture.connect(postgres.url);
});

afterAll(async () => {
  await loops.store.close();
  await postgres.stop();
});

describe('claims', () => {
  const claim = (command_id: Id, worker_id: string, lease_ms = LEASE_MS): ReturnType<typeof claimCommand> =>
    claimCommand(loops.store, { execution_id: loops.loop.execution_id, command_id, worker_id, lease_ms });

  beforeEach(async () => {
    await loops.open(20, { window: 2, chunk: 10 });
  });

  test('one holds it, others wait, until its lease runs out', async () => {
    const id = (await loops.commands())[0]?.command_id ?? '';
    expect(await claim(id, 'a')).toMatchObject({
      kind: 'claimed',
      attempt: 1,
      command: { lane: 'chunk', from_index: 0, to_index: 10 },
    });
    expect(await claim(id, 'b')).toMatchObject({ kind: 'busy' });
    expect(await claim(id, 'a', 0)).toMatchObject({ kind: 'claimed', attempt: 2 });
    expect(await claim(id, 'b')).toMatchObject({ kind: 'claimed', attempt: 3 });
  });

  test('a beat keeps what is ours and tells what is not', async () => {
    const [first, second] = await loops.commands();
    await claim(first?.command_id ?? '', 'a');
    await claim(second?.command_id ?? '', 'b');
    const keys = [first, second].map((chunk) => ({
      execution_id: loops.loop.execution_id,
      command_id: chunk?.command_id ?? '',
    }));
    expect(await heartbeat(loops.store, keys, 'a', LEASE_MS)).toEqual([{ ...keys[0], paused: false }]);
  });

  test('the end of a paused execution lets go of what was leased, and its loop can be closed', async () => {
    const { execution_id } = loops.loop;
    const [first] = await loops.commands();
    await claim(first?.command_id ?? '', 'vanished', 0);
    await setPaused(loops.store, { execution_id, paused: true, nowMs: Date.now() });
    await loops.cancel();
    expect(await getExecution(loops.store, execution_id)).toMatchObject({ paused_at: null });
    expect(await claim(first?.command_id ?? '', 'b')).toMatchObject({ reason: 'its loop has stopped' });
    expect(await loops.row()).toMatchObject({ state: 'filled', open_chunks: 0 });
  });

  test('finished and unknown commands are gone', async () => {
    const id = (await loops.commands())[0]?.command_id ?? '';
    await loops.finish(id, { rows: rowsOf(0, 10) });
    expect(await claim(id, 'a')).toEqual({ kind: 'gone', reason: 'it is done' });
    expect(await claim('1', 'a')).toEqual({ kind: 'gone', reason: 'Postgres does not know it' });
  });

  test('the chunk of a dead worker is closed when its loop has stopped meanwhile', async () => {
    const [first, second] = await loops.commands();
    await claim(second?.command_id ?? '', 'dead', 0);
    await loops.finish(first?.command_id ?? '', { rows: rowsOf(0, 10), stop: true });
    expect(await claim(second?.command_id ?? '', 'a')).toEqual({
      kind: 'gone',
      reason: 'its loop has stopped',
    });
    expect(await loops.row()).toMatchObject({ state: 'filled', open_chunks: 0, completed: 10 });
  });

  test('what nobody has claimed is given out again, to one caller', async () => {
    const { store, loop } = loops;
    const age = "UPDATE noetl.command SET available_at = now() - interval '1 minute' WHERE execution_id = $1";
    await store.pool.query(age, [loop.execution_id]);
    const stale = await Promise.all(
      [1, 2, 3].map(() => staleCommands(store, { older_than_ms: 10_000, limit: 1_000 })),
    );
    const ours = stale.flat().filter((command) => command.execution_id === loop.execution_id);
    expect(ours).toHaveLength(2);
  });
});
