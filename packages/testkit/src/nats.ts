/** Real NATS for tests: a server of one's own per call (it starts in some 20 ms), gone with its files at the end. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { natsProgram, startLocalNats, TOOLS } from '@noetl/cli/local';
import { endWithRun, oncePerRun, runFolder, uniqueName } from './run-folder.ts';

export interface TestNats {
  url: string;
  monitorUrl: string;
  pid: number;
  /** Ends the server and deletes its files. */
  stop(): Promise<void>;
  /** `kill -9`; the files stay. */
  kill(): Promise<void>;
  /** Starts again on the same port: with what was stored, or with nothing when `wiped`. */
  again(options?: { wiped?: boolean }): Promise<TestNats>;
}

/** `open`: without logins, to stand for a server of the user's own. */
export async function startTestNats({ open = false } = {}): Promise<TestNats> {
  // Installing it, where that is due, must not happen in two test files at once.
  await oncePerRun('nats-server', () => natsProgram(TOOLS));
  return start(join(runFolder(), uniqueName('nats')), { open });
}

/** Pools of which tests start workers. */
const POOLS = ['default', 'gpu', 'large', 'p'];

async function start(dir: string, options: { open: boolean; port?: number }): Promise<TestNats> {
  const server = await startLocalNats({ dir, toolDir: TOOLS, pools: POOLS, ...options });
  const forget = endWithRun(server.pid);
  const { url, monitorUrl, pid } = server;
  const kill = async (): Promise<void> => {
    await server.kill();
    forget();
  };
  return {
    url,
    monitorUrl,
    pid,
    kill,
    stop: async () => {
      // Nothing of it is kept, so there is nothing to flush.
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
    again: async ({ wiped = false } = {}) => {
      await kill();
      // Whoever knew the server's passwords still does.
      if (wiped) await rm(join(dir, 'jetstream'), { recursive: true, force: true });
      return start(dir, { ...options, port: server.port });
    },
  };
}
