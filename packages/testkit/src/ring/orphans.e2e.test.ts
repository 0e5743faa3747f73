/** Code that runs for ever ends with its worker, though the worker is killed. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { waitFor } from '../wait.ts';
import { RingClient } from './client.ts';

let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  platform = await startPlatform({ workers: 1 });
  ring = await RingClient.connect(platform);
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

/** The kernel does it, by a program of util-linux. */
const onLinux = existsSync('/usr/bin/setpriv') ? test : test.skip;

const childrenOf = (pid: number): string[] =>
  readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8')
    .split(' ')
    .filter(Boolean);

/** Processor time, in ticks. */
function ticksOf(pid: string): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]);
}

onLinux('runners do not outlive their worker, busy as they are', async () => {
  const endless = { python: 'while True: pass', javascript: 'for (;;) ;' };
  const ids: string[] = [];
  for (const [kind, code] of Object.entries(endless)) {
    const metadata = { name: kind, path: `orphans/${kind}` };
    const workflow = [{ step: 'start', tool: { kind, code } }];
    const playbook = { apiVersion: 'noetl.io/v2', kind: 'Playbook', metadata, workflow };
    ids.push(await ring.execute(await ring.register(JSON.stringify(playbook))));
  }
  const worker = platform.processes.pid('worker-1');
  const runners = await waitFor(
    () => {
      const busy = childrenOf(worker).filter((pid) => ticksOf(pid) > 50);
      return busy.length === 2 && busy;
    },
    { what: 'two busy runners' },
  );
  await platform.kill('worker-1');
  await waitFor(() => runners.every((pid) => !existsSync(`/proc/${pid}`)), {
    what: 'the end of the runners',
  });
  for (const id of ids) {
    await ring.post(`/api/executions/${id}/cancel`, {});
    expect((await ring.ended(id)).status).toBe('CANCELLED');
  }
});
