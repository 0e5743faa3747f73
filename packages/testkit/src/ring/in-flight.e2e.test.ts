/** `max_in_flight` on three workers: a server counts how many items there are at once, whatever happens meanwhile. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { startProbeServer, type ProbeServer } from '../probe-server.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

let platform: TestPlatform;
let ring: RingClient;
let server: ProbeServer;

const LEASE_MS = 3_000;
/** A chunk that has run this long is finished with what is done. */
const CHUNK_MS = 2_000;

beforeAll(async () => {
  server = await startProbeServer({
    // Two that take longer than a chunk may, the others are quick.
    slow: async ({ probe }) => {
      await delay(probe.times.length <= 2 ? CHUNK_MS + 100 : 10);
    },
    flaky: ({ probe }, response) => {
      if (probe.times.length % 3 === 0) response.writeHead(503);
    },
  });
  const env = {
    NOETL_LEASE_MS: String(LEASE_MS),
    NOETL_HEARTBEAT_MS: '700',
    NOETL_CHUNK_ACK_WAIT_MS: '2500',
  };
  platform = await startPlatform({ workers: 3, env });
  ring = await RingClient.connect(platform);
  const { hostname, port, username, password, pathname } = new URL(platform.databaseUrl);
  const data = {
    db_host: hostname,
    db_port: port,
    db_user: username,
    db_password: decodeURIComponent(password),
    db_name: pathname.slice(1),
  };
  await ring.post('/api/credentials', { name: 'queue', type: 'postgres', data });
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
  await server.stop();
});

interface Shape {
  items: number;
  spec: object;
  ms?: number;
  tool?: object;
  loop?: object;
}

async function start(name: string, { items, spec, ms = 30, tool, loop }: Shape): Promise<string> {
  const probing = tool ?? { kind: 'http', url: `${server.url}/${name}?ms=${String(ms)}&i={{ iter.item }}` };
  const over = loop ?? { in: items, iterator: 'item', spec: { mode: 'parallel', ...spec } };
  const document = {
    apiVersion: 'noetl.io/v2',
    kind: 'Playbook',
    metadata: { name, path: `in_flight/${name}` },
    workflow: [{ step: 'start', loop: over, tool: probing }],
  };
  return ring.execute(await ring.register(JSON.stringify(document)));
}

async function completed(id: string, items: number): Promise<void> {
  const { status, error } = await ring.ended(id);
  expect([status, error]).toEqual(['COMPLETED', null]);
  const [loop] = await ring.sql<{ completed: number }>(
    'SELECT completed FROM noetl.loop WHERE execution_id = $1',
    [id],
  );
  expect(loop?.completed).toBe(items);
}

describe('never more at once', () => {
  test.each([
    ['as many chunks as items may run', 'one', 3, 60, { max_in_flight: 3 }],
    ['several items to a chunk', 'several', 13, 120, { max_in_flight: 13 }],
    ['one worker at a time', 'local', 4, 40, { max_in_flight: 4, policy: { exec: 'local' } }],
    ['one after the other', 'ordered', 1, 25, { mode: 'sequential', max_in_flight: 9 }],
  ])('%s', async (_, name, bound, items, spec) => {
    await completed(await start(name, { items, spec }), items);
    expect(server.probe(name).times).toHaveLength(items);
    expect(server.probe(name).max).toBeLessThanOrEqual(bound);
    expect(server.probe(name).max).toBeGreaterThan(bound / 3);
  });

  test('with chunks that are handed back unfinished', async () => {
    const id = await start('slow', { items: 40, spec: { max_in_flight: 2 } });
    await completed(id, 40);
    const [chunks] = await ring.sql<{ handed_back: number }>(
      `SELECT count(*)::int AS handed_back FROM noetl.command AS c WHERE execution_id = $1 AND from_index <> 0
       AND EXISTS (SELECT 1 FROM noetl.command AS o WHERE o.execution_id = c.execution_id AND o.to_index = c.to_index
         AND o.command_id < c.command_id)`,
      [id],
    );
    expect(chunks?.handed_back).toBeGreaterThan(0);
    expect(server.probe('slow').max).toBe(2);
  });

  test('with items that are tried again', async () => {
    const rules = [
      { when: '{{ output.status == "error" }}', then: { do: 'retry', attempts: 9, delay: 0.02 } },
      { else: { then: { do: 'continue' } } },
    ];
    const tool = { kind: 'http', url: `${server.url}/flaky`, spec: { policy: { rules } } };
    await completed(await start('flaky', { items: 60, spec: { max_in_flight: 5 }, tool }), 60);
    expect(server.probe('flaky').times.length).toBeGreaterThan(60);
    expect(server.probe('flaky').max).toBeLessThanOrEqual(5);
  });

  test('with frames of a cursor', async () => {
    await ring.sql('CREATE TABLE public.frames (id int PRIMARY KEY, taken boolean NOT NULL DEFAULT false)');
    await ring.sql('INSERT INTO public.frames (id) SELECT generate_series(1, 80)');
    const claim = `UPDATE public.frames SET taken = true WHERE id IN (SELECT id FROM public.frames WHERE NOT taken
      LIMIT {{ __frame_max_rows }} FOR UPDATE SKIP LOCKED) RETURNING id`;
    const loop = {
      cursor: { kind: 'postgres', auth: 'queue', claim },
      iterator: 'row',
      spec: { mode: 'cursor', max_in_flight: 2, frame: { max_rows: 5, row_concurrency: 3 } },
    };
    await completed(
      await start('frames', {
        items: 80,
        spec: {},
        loop,
        tool: { kind: 'http', url: `${server.url}/frames?ms=20` },
      }),
      80,
    );
    expect(server.probe('frames').times).toHaveLength(80);
    expect(server.probe('frames').max).toBeLessThanOrEqual(6);
  });
});

describe('leases', () => {
  const half = async (name: string, items: number): Promise<void> => {
    await waitFor(() => server.probe(name).times.length > items / 2, { what: 'half of the items' });
  };

  test('a worker that was frozen past its leases starts nothing when it wakes', async () => {
    const id = await start('frozen', { items: 90, spec: { max_in_flight: 4 }, ms: 120 });
    const inMiddle = `SELECT 1 FROM noetl.command WHERE execution_id = $1 AND state = 'leased'
      AND worker_id LIKE '%-' || $2 || '-%' AND to_index - from_index > 2`;
    const pid = String(platform.processes.pid('worker-1'));
    const working = async (): Promise<boolean> => (await ring.sql(inMiddle, [id, pid])).length > 0;
    await waitFor(working, { what: 'a chunk of several items on worker-1', everyMs: 2 });
    platform.processes.signal('worker-1', 'SIGSTOP');
    // Whatever it held has been taken over by others when everything is done.
    await completed(id, 90);
    const before = server.probe('frozen').times.length;
    const [now] = await ring.sql<{ at: Date }>('SELECT now() AS at');
    platform.processes.signal('worker-1', 'SIGCONT');
    const beating =
      'SELECT count(*)::int AS workers FROM noetl.runtime WHERE capacity > 0 AND heartbeat > $1';
    const awake = async (): Promise<boolean> =>
      (await ring.sql<{ workers: number }>(beating, [now?.at]))[0]?.workers === 3;
    await waitFor(awake, { what: 'a beat of all three' });
    expect(server.probe('frozen').max).toBeLessThanOrEqual(4);
    // A call that was begun when the worker froze, and not sent yet, still goes out; the rest of its chunk does not.
    expect(server.probe('frozen').times.length).toBeLessThanOrEqual(before + 1);
  });

  test('a worker is killed', async () => {
    const id = await start('killed', { items: 90, spec: { max_in_flight: 4 }, ms: 60 });
    await half('killed', 60);
    await platform.kill('worker-2');
    await completed(id, 90);
    expect(server.probe('killed').max).toBeLessThanOrEqual(4);
  });
});
