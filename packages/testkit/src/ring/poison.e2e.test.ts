/** Code that kills its worker each time it runs: the item or step fails, everything beside it goes on. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient, type Execution } from './client.ts';

const WORKERS = 2;
const ITEMS = 40;
const POISON = 23;
const TIMEOUT_MS = 240_000;

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  const env = {
    NOETL_LEASE_MS: '2000',
    NOETL_HEARTBEAT_MS: '500',
    NOETL_CHUNK_ACK_WAIT_MS: '2000',
    NOETL_STEP_ACK_WAIT_MS: '2000',
  };
  platform = await startPlatform({ workers: WORKERS, env });
  ring = await RingClient.connect(platform);
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

function playbook(name: string, step: object): Promise<string> {
  const metadata = { name, path: `poison/${name}` };
  return ring.register(
    JSON.stringify({ apiVersion: 'noetl.io/v2', kind: 'Playbook', metadata, workflow: [step] }),
  );
}

/** The end of an execution, while workers that die are replaced. */
async function endOf(id: string): Promise<Execution> {
  return waitFor(
    async () => {
      const alive = platform.processes.names.filter((name) => name.startsWith('worker'));
      if (alive.length < WORKERS) await platform.addWorker();
      const execution = await ring.execution(id);
      return execution.status !== 'RUNNING' && execution.status !== 'PENDING' && execution;
    },
    { what: 'the end', timeoutMs: TIMEOUT_MS },
  );
}

const KILL = 'import os, time\n    os.kill(os.getppid(), 9)\n    time.sleep(60)';

test(
  'the item that kills its worker fails, and only it',
  async () => {
    const code = `def main(x):\n  if x == ${String(POISON)}:\n    ${KILL}\n  return {"x": x}`;
    const path = await playbook('item', {
      step: 'start',
      loop: {
        in: Array.from({ length: ITEMS }, (_, x) => x),
        iterator: 'item',
        spec: { mode: 'parallel', policy: { on_error: 'continue' } },
      },
      tool: { kind: 'python', args: { x: '{{ iter.item }}' }, code },
    });
    const id = await ring.execute(path);
    expect((await endOf(id)).status).toBe('COMPLETED');
    const rows = await ring.sql<{ current_index: number; status: string; result: unknown }>(
      `SELECT current_index, status, result FROM noetl.event
       WHERE execution_id = $1 AND loop_name = 'start' AND event_type = 'step.exit' ORDER BY current_index`,
      [id],
    );
    expect(rows.map((row) => row.current_index)).toEqual(Array.from({ length: ITEMS }, (_, x) => x));
    const failed = rows.filter((row) => row.status === 'FAILED');
    expect(failed).toMatchObject([{ current_index: POISON, result: { error: { code: 'WORKER_DIED' } } }]);
  },
  TIMEOUT_MS,
);

test(
  'a step that kills its worker fails after five of them',
  async () => {
    const code = `def main():\n  if True:\n    ${KILL}`;
    const id = await ring.execute(await playbook('step', { step: 'start', tool: { kind: 'python', code } }));
    expect(await endOf(id)).toMatchObject({ status: 'FAILED' });
    expect(await ring.stepResult(id, 'start')).toMatchObject({ error: { code: 'WORKER_DIED' } });
    const [command] = await ring.sql('SELECT deaths FROM noetl.command WHERE execution_id = $1', [id]);
    expect(command).toEqual({ deaths: 5 });
  },
  TIMEOUT_MS,
);

test(
  'what Postgres never takes is not tried for ever',
  async () => {
    await ring.sql(`ALTER TABLE noetl.event ADD CONSTRAINT never CHECK (result->>'never' IS NULL)`);
    const code = 'def main(x):\n  return {"never": 1} if x == 1 else {"x": x}';
    const tool = { kind: 'python', args: { x: 1 }, code };
    const step = await ring.execute(await playbook('refused_step', { step: 'start', tool }));
    const path = await playbook('refused_chunk', {
      step: 'start',
      loop: {
        in: [0, 1, 2, 3],
        iterator: 'item',
        spec: { mode: 'sequential', policy: { on_error: 'continue' } },
      },
      tool: { ...tool, args: { x: '{{ iter.item }}' } },
    });
    const loop = await ring.execute(path);
    expect((await endOf(step)).status).toBe('FAILED');
    expect((await endOf(loop)).status).toBe('COMPLETED');
    const [counts] = await ring.sql(
      'SELECT completed, failed > 0 AS some_failed FROM noetl.loop WHERE execution_id = $1',
      [loop],
    );
    expect(counts).toEqual({ completed: 4, some_failed: true });
  },
  TIMEOUT_MS,
);
