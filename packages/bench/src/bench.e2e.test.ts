/** The whole measuring once, as small as it gets: every process is real, and what the JSON says is what happened. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Row } from './index.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const ITEMS = 200;
const RUN_WITHIN_MS = 280_000;

interface Result {
  machine: Record<string, string | number>;
  targets: { what: string; met?: boolean }[];
  failures: object;
  rows: Row[];
  [figure: string]: unknown;
}

let dir: string;
let result: Result;
let page: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'noetl-bench-'));
  const [json, report] = [join(dir, 'bench.json'), join(dir, 'bench.html')];
  const size = ['--items', String(ITEMS), '--padding', '100', '--repeat', '1', '--executions', '3'];
  const only = ['--only', 'naive,ceilings,heavy_loop,steps'];
  const { NODE_OPTIONS: _, ...env } = process.env;
  const args = [main, ...only, ...size, '--json', json, '--report', report];
  await promisify(execFile)(process.execPath, args, { env });
  result = JSON.parse(await readFile(json, 'utf8')) as Result;
  page = await readFile(report, 'utf8');
}, RUN_WITHIN_MS);

afterAll(() => rm(dir, { recursive: true, force: true }));

test('everything was measured, and each key is there once', () => {
  expect(result.failures).toEqual({});
  const keys = result.rows.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  for (const { value } of result.rows) expect(value).toBeGreaterThan(0);
});

test('every loop stored and counted each item once', () => {
  const loops = result.rows.filter(({ key }) => key.startsWith('heavy_loop/'));
  expect(loops.map(({ key }) => key).sort()).toEqual([
    'heavy_loop/javascript/parallel/200/100',
    'heavy_loop/javascript/sequential/200/100',
    'heavy_loop/python/parallel/200/100',
    'heavy_loop/python/sequential/200/100',
  ]);
  for (const { facts } of loops)
    expect(facts).toMatchObject({ items: ITEMS, rows: ITEMS, kv_count: ITEMS, verified: 'PASSED' });
});

test('the figures that others read by name are numbers', () => {
  const names = [
    'heavy_loop_js_items_per_second',
    'heavy_loop_python_items_per_second',
    'heavy_loop_sequential_python_items_per_second',
    'naive_items_per_second',
    'step_p50_ms',
    'step_p99_ms',
  ];
  for (const name of names) expect(result[name]).toBeGreaterThan(0);
  for (const name of ['cores', 'cpu', 'node', 'postgres', 'nats_server', 'date', 'commit'])
    expect(result.machine).toHaveProperty(name);
});

test('targets of what was not measured are neither met nor missed', () => {
  const judged = result.targets.filter(({ met }) => met !== undefined).map(({ what }) => what);
  expect(judged).toEqual(['step in a chain (Python), p50', 'step in a chain (Python), p99']);
});

test('the report has a chart for each scenario', () => {
  expect(page.match(/<svg/g)?.length).toBeGreaterThanOrEqual(4);
  for (const name of ['naive', 'ceilings', 'heavy_loop', 'steps']) expect(page).toContain(`<h2>${name}</h2>`);
});
