/** For the tests of redrives: a loop of a hundred items of which ten fail until they are healed. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { RingClient, type Answer } from './client.ts';

export const ITEMS = 100;
/** Those that fail until {@link RedriveStage.heal}. */
export const SICK = [3, 13, 23, 33, 43, 53, 63, 73, 83, 93];
export const HEALTHY = Array.from({ length: ITEMS }, (_, index) => index);
/** What the last step gives when every item has come out well. */
export const WHOLE = {
  stats: { total: ITEMS, success: ITEMS, failed: 0, not_started: 0 },
  order: HEALTHY,
};

export interface Shape {
  mode?: 'parallel' | 'sequential';
  on_error?: 'fail' | 'continue';
  /** Seconds of each item that is sick. */
  seconds?: number;
}

/** Each item says in a file that it ran; those that are sick fail until another file is there. */
function playbook(dir: string, { mode = 'parallel', on_error = 'continue', seconds = 0 }: Shape): string {
  const code = `import os, time
def main(x, n, dir):
  with open(dir + "/ran", "a") as ran:
    ran.write(f"{x}\\n")
  time.sleep(${String(seconds)} if x % 10 == 3 else 0)
  if x % 10 == 3 and not os.path.exists(dir + "/healed"):
    raise KeyError(f"item {x}") if x > 50 else ValueError(f"item {x} is sick")
  return {"x": x, "of": n}`;
  const total = `def main(results, stats):
  return {"stats": stats, "order": [r.get("x", -1) for r in results]}`;
  const args = { x: '{{ iter.item }}', n: '{{ iter._total }}', dir };
  const items = {
    step: 'items',
    loop: {
      in: `{{ range(${String(ITEMS)}) }}`,
      iterator: 'item',
      spec: { mode, policy: { on_error } },
    },
    tool: { kind: 'python', args, code },
    next: { arcs: [{ step: 'total' }] },
  };
  const sum = { results: '{{ items.results }}', stats: '{{ items.stats }}' };
  return JSON.stringify({
    apiVersion: 'noetl.io/v2',
    kind: 'Playbook',
    metadata: { name: 'redrive', path: `redrive/${mode}_${on_error}` },
    workflow: [items, { step: 'total', tool: { kind: 'python', args: sum, code: total } }],
  });
}

export class RedriveStage {
  readonly platform: TestPlatform;
  readonly ring: RingClient;
  #dir = '';

  private constructor(platform: TestPlatform, ring: RingClient) {
    this.platform = platform;
    this.ring = ring;
  }

  static async open(more: Record<string, string> = {}): Promise<RedriveStage> {
    const env = { NOETL_HEARTBEAT_MS: '300', NOETL_LEASE_MS: '1500', ...more };
    const platform = await startPlatform({ workers: 2, env });
    return new RedriveStage(platform, await RingClient.connect(platform));
  }

  async close(): Promise<void> {
    await this.ring.close();
    await this.platform.stop();
    await this.#forget();
  }

  /** For each test: all are sick again, and nothing has run. */
  async reset(): Promise<void> {
    await this.#forget();
    this.#dir = await mkdtemp(join(tmpdir(), 'noetl-redrive-'));
    await this.#empty();
  }

  async start(shape: Shape = {}): Promise<string> {
    return this.ring.execute(await this.ring.register(playbook(this.#dir, shape)));
  }

  async firstRun(shape: Shape = {}): Promise<string> {
    const id = await this.start(shape);
    await this.ring.ended(id);
    return id;
  }

  heal(): Promise<void> {
    return writeFile(join(this.#dir, 'healed'), '');
  }

  /** Indexes whose bodies ran since {@link ranSoFar} was called last, in rising order. */
  async ran(): Promise<number[]> {
    const lines = (await readFile(join(this.#dir, 'ran'), 'utf8')).trim();
    return lines === ''
      ? []
      : lines
          .split('\n')
          .map(Number)
          .sort((a, b) => a - b);
  }

  /** The same, and from now on only those that run again. */
  async ranSoFar(): Promise<number[]> {
    const indexes = await this.ran();
    await this.#empty();
    return indexes;
  }

  redrive(id: string, body: object): Promise<Answer<Record<string, unknown>>> {
    return this.ring.post(`/api/executions/${id}/redrive`, { step: 'items', ...body });
  }

  /** Runs that have ended, in order. */
  async terminalRuns(id: string): Promise<number[]> {
    const rows = await this.ring.sql<{ run: number }>(
      `SELECT coalesce((meta ->> 'run')::int, 1) AS run FROM noetl.event WHERE execution_id = $1
        AND event_type IN ('playbook.completed', 'playbook.failed', 'execution.cancelled') ORDER BY event_id`,
      [id],
    );
    return rows.map(({ run }) => run);
  }

  #empty(): Promise<void> {
    return writeFile(join(this.#dir, 'ran'), '');
  }

  async #forget(): Promise<void> {
    if (this.#dir !== '') await rm(this.#dir, { recursive: true });
  }
}
