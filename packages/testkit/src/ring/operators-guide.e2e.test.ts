/** The operators' guide (`service/README.md`): its settings are those of the code, and its commands do what it says. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadConfig } from '@noetl/service';
import { startPlatform, type TestPlatform } from '../platform.ts';
import { RingClient } from './client.ts';

const GUIDE = readFileSync(new URL('../../../service/README.md', import.meta.url), 'utf8');
const MAIN = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url));
const BLOCKS = [...GUIDE.matchAll(/```bash\n(.*?)```/gs)].map(([, text = '']) => text.trim());
const run = promisify(execFile);
const KEY = randomBytes(32).toString('base64');

let platform: TestPlatform;
let ring: RingClient;
let bin: string;
let id: string;

/** Items of which one fails, so that there is something to put right. */
const PLAYBOOK = JSON.stringify({
  apiVersion: 'noetl.io/v2',
  kind: 'Playbook',
  metadata: { name: 'guide', path: 'guide' },
  workflow: [
    {
      step: 'items',
      loop: { in: '{{ range(20) }}', iterator: 'item', spec: { policy: { on_error: 'continue' } } },
      tool: { kind: 'python', args: { x: '{{ iter.item }}' }, code: 'def main(x):\n  return 1 / (x - 7)' },
    },
  ],
});

beforeAll(async () => {
  platform = await startPlatform({ workers: 1, env: { NOETL_ENCRYPTION_KEY: KEY } });
  ring = await RingClient.connect(platform);
  bin = await mkdtemp(join(tmpdir(), 'noetl-guide-'));
  const script = `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`;
  await writeFile(join(bin, 'noetl'), script, { mode: 0o755 });
  id = await ring.execute(await ring.register(PLAYBOOK));
  await ring.ended(id);
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
  await rm(bin, { recursive: true, force: true });
});

test('the settings are all there, and there are no others', () => {
  const asked = new Set<string>();
  const environment = { DATABASE_URL: 'postgres://x', NATS_URL: 'nats://x' };
  const spy = new Proxy<Record<string, string>>(environment, {
    get: (of, name) => {
      if (typeof name === 'string') asked.add(name);
      return Reflect.get(of, name) as unknown;
    },
  });
  loadConfig(spy, false);
  const table = GUIDE.slice(GUIDE.indexOf('## Settings'), GUIDE.indexOf('## Looking'));
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  const told = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
  );
  const internal = ['NODE_ENV', 'NOETL_EXIT_WITH_PARENT'];
  expect(told.sort()).toEqual([...asked].filter((name) => !internal.includes(name)).sort());
});

test('the guide has commands', () => {
  expect(BLOCKS.length).toBeGreaterThan(5);
});

test.each(BLOCKS)('%s', async (block) => {
  const env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
    NOETL_SERVER_URL: platform.url,
    DATABASE_URL: platform.databaseUrl,
    NATS_URL: platform.natsUrl,
    NOETL_ENCRYPTION_KEY: KEY,
    NODE_OPTIONS: '',
    ID: id,
  };
  // A command that fails ends the block, and `run` throws what it has said.
  await expect(run('bash', ['-euo', 'pipefail', '-c', block], { env })).resolves.toBeDefined();
});
