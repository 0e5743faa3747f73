/**
 * What the processes expose after a loop, against what is written about it: the table of metrics, the dashboard and the
 * alerts name what exists, and nothing that exists is left out of the table.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { fetchAsAdmin } from '../auth.ts';
import { startPlatform, waitFor, type TestPlatform } from '../index.ts';
import { ourPlaybook, RingClient } from './client.ts';

const ROOT = new URL('../../../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

/** Metrics by name, as one process tells them. */
type Scrape = Map<string, { type: string; labels: Set<string>; samples: Map<string, number> }>;

let platform: TestPlatform;
let ring: RingClient;
let scrapes: Record<'api' | 'worker' | 'aggregator', Scrape>;
let executionId: string;

beforeAll(async () => {
  platform = await startPlatform({ workers: 1 });
  ring = await RingClient.connect(platform);
  const path = await ring.register(
    await ourPlaybook('load_test/heavy_loop_aggregation/heavy_loop_aggregation.yaml'),
  );
  const run = { workload: { item_count: 300 } };
  executionId = await ring.execute(path, run);
  expect((await ring.ended(executionId)).status).toBe('COMPLETED');
  await fetchAsAdmin(`${platform.url}/api/executions/${executionId}`);
  await fetchAsAdmin(`${platform.url}/api/nothing/${executionId}`);
  scrapes = {
    // Each sweep has had its first round.
    api: await waitFor(
      async () => {
        const told = await scrape(`${platform.url}/metrics`);
        return API_SWEEPS.every((name) => sweeps(told).includes(name)) && told;
      },
      { what: `a round of each of ${API_SWEEPS.join(', ')}` },
    ),
    worker: await scrape(platform.metricsUrl('worker-1')),
    aggregator: await waitFor(
      async () => {
        const told = await scrape(platform.metricsUrl('aggregator'));
        const isThere = told.get('noetl_executions_open')?.samples.size === 2;
        // The first round may have been before the worker's first beat.
        const workerIsThere = total(told, 'noetl_workers') === 1;
        // A round may have been while the loop ran.
        const isOver = total(told, 'noetl_chunks_remaining') === 0 && total(told, 'noetl_loops_open') === 0;
        return isThere && workerIsThere && isOver && sweeps(told).includes('sweep-filled') && told;
      },
      { what: 'a count of open work and of workers' },
    ),
  };
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
});

async function scrape(url: string): Promise<Scrape> {
  const found: Scrape = new Map();
  for (const line of (await (await fetchAsAdmin(url)).text()).split('\n')) {
    const [, typed, type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (typed !== undefined) found.set(typed, { type, labels: new Set(), samples: new Map() });
    const [, name = '', labels = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    const metric = found.get(name) ?? found.get(name.replace(/_(bucket|sum|count)$/, ''));
    if (!metric || value === undefined) continue;
    metric.samples.set(`${name}{${labels}}`, Number(value));
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) if (label !== 'le') metric.labels.add(label);
  }
  return found;
}

const API_SWEEPS = [
  'relay-commands',
  'relay-waiting',
  'relay-deadlines',
  'relay-step-deadlines',
  'relay-executions',
  'schedules',
  'webhooks',
];

function sweeps(scraped: Scrape): string[] {
  return [...(scraped.get('noetl_sweep_actions_total')?.samples.keys() ?? [])].map(
    (sample) => /sweep="([^"]+)"/.exec(sample)?.[1] ?? '',
  );
}

/** The sum over all samples of that name whose labels hold the text. */
function total(scraped: Scrape, name: string, labels = ''): number {
  const samples = scraped.get(name.replace(/_(sum|count)$/, ''))?.samples ?? scraped.get(name)?.samples;
  return [...(samples ?? [])]
    .filter(([sample]) => sample.startsWith(`${name}{`) && sample.includes(labels))
    .reduce((sum, [, value]) => sum + value, 0);
}

describe('what is counted', () => {
  test('executions, chunks, items and loops are counted where they happen', () => {
    const { api, worker, aggregator } = scrapes;
    expect(total(api, 'noetl_executions_started_total')).toBe(1);
    expect(total(api, 'noetl_executions_ended_total', 'status="COMPLETED"')).toBe(1);
    expect(total(api, 'noetl_advance_duration_seconds_count', 'outcome="ok"')).toBeGreaterThan(1);
    expect(total(worker, 'noetl_items_total', 'status="completed"')).toBe(300);
    expect(total(worker, 'noetl_items_total', 'status="failed"')).toBe(0);
    expect(total(worker, 'noetl_chunk_items_sum')).toBe(300);
    expect(total(worker, 'noetl_chunk_duration_seconds_count')).toBeGreaterThan(0);
    expect(total(worker, 'noetl_step_duration_seconds_count', 'status="completed"')).toBeGreaterThan(1);
    expect(total(worker, 'noetl_pool_connections')).toBeGreaterThan(0);
    expect(total(aggregator, 'noetl_loop_close_duration_seconds_count')).toBe(1);
    expect(total(aggregator, 'noetl_worker_slots')).toBe(2);
    expect(total(aggregator, 'noetl_chunks_remaining')).toBe(0);
    expect(total(aggregator, 'noetl_queue_messages', 'consumer="workers-chunk-default"')).toBe(0);
  });

  test('requests are counted under the template of their route', () => {
    const { api } = scrapes;
    const route = 'route="/api/executions/:id",method="GET",status="200"';
    expect(total(api, 'noetl_http_requests_total', route)).toBeGreaterThan(0);
    expect(
      total(api, 'noetl_http_requests_total', 'route="unmatched",method="GET",status="404"'),
    ).toBeGreaterThan(0);
    expect(
      total(api, 'noetl_http_request_duration_seconds_count', 'route="/api/execute",method="POST"'),
    ).toBe(1);
  });

  test('every sweep of every process is there, also when it has found nothing', () => {
    expect(sweeps(scrapes.api)).toEqual(expect.arrayContaining(API_SWEEPS));
    expect(sweeps(scrapes.aggregator)).toEqual(expect.arrayContaining(['sweep-filled']));
  });

  test('no label holds an id', () => {
    const samples = Object.values(scrapes).flatMap((scraped) =>
      [...scraped.values()].flatMap((metric) => [...metric.samples.keys()]),
    );
    expect(samples.length).toBeGreaterThan(100);
    expect(samples.filter((sample) => /\d{12,}/.test(sample))).toEqual([]);
  });
});

describe('what is written about it', () => {
  const exposed = (): Map<string, { type: string; labels: Set<string> }> => {
    const all = new Map<string, { type: string; labels: Set<string> }>();
    for (const scraped of Object.values(scrapes)) {
      for (const [name, { type, labels }] of scraped) {
        const before = all.get(name)?.labels ?? [];
        all.set(name, { type, labels: new Set([...before, ...labels]) });
      }
    }
    return all;
  };

  const rows = [...read('packages/service/README.md').matchAll(/^\| `(noetl_\w+)` +\|(.+)\|$/gm)];
  const table = new Map(
    rows.map(([, name = '', rest = '']) => {
      const [type = '', labels = '', processes = ''] = rest.split('|').map((cell) => cell.trim());
      return [name, { type, labels: words(labels), processes: words(processes) }];
    }),
  );

  /** Labels that had no value yet in this run are known from the table. */
  const known = (): Map<string, { labels: Set<string> }> =>
    new Map(
      [...exposed()].map(([name, { labels }]) => [
        name,
        { labels: new Set([...labels, ...(table.get(name)?.labels ?? [])]) },
      ]),
    );

  test('the table of the README names each of our metrics, its type, its labels and its processes', () => {
    const ours = [...exposed()].filter(([name]) => name.startsWith('noetl_'));
    expect([...table.keys()].sort()).toEqual(ours.map(([name]) => name).sort());
    for (const [name, { type, labels }] of ours) {
      const row = table.get(name);
      expect({ name, type: row?.type }).toEqual({ name, type });
      // Labels of what has not happened in this run cannot be seen.
      expect({ name, unknown: [...labels].filter((label) => !row?.labels.includes(label)) }).toEqual({
        name,
        unknown: [],
      });
      const telling = Object.entries(scrapes).filter(([, scraped]) => scraped.has(name));
      expect({ name, processes: row?.processes }).toEqual({ name, processes: telling.map(([role]) => role) });
    }
  });

  test('the alerts ask for metrics that exist, and each says what to do next', () => {
    const { groups } = parse(read('deploy/prometheus/alerts.yaml')) as {
      groups: { rules: { alert: string; expr: string; annotations?: Record<string, string> }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(10);
    for (const { alert, expr, annotations } of rules) {
      expect({ alert, unknown: unknownIn(expr, known()) }).toEqual({ alert, unknown: [] });
      expect({ alert, says: Object.keys(annotations ?? {}) }).toEqual({ alert, says: ['summary', 'action'] });
    }
  });

  test('the dashboard asks for metrics that exist', () => {
    const dashboard = JSON.parse(read('deploy/grafana/noetl.json')) as {
      panels: { title: string; description?: string; targets?: { expr: string }[] }[];
    };
    const asking = dashboard.panels.filter(({ targets }) => targets);
    expect(asking.length).toBeGreaterThan(10);
    for (const { title, targets = [] } of asking)
      for (const { expr } of targets)
        expect({ title, expr, unknown: unknownIn(expr, known()) }).toEqual({ title, expr, unknown: [] });
  });

  test('what does not exist, or cannot be read, is found', () => {
    expect(unknownIn('sum(rate(noetl_nothing_total[5m])) > 0', exposed())).toEqual(['noetl_nothing_total']);
    expect(unknownIn('sum(rate(noetl_items_total{stat="x"}[5m]))', exposed())).toEqual([
      'noetl_items_total{stat}',
    ]);
    expect(unknownIn('sum(rate(noetl_items_total[5m])', exposed())).toEqual(['(syntax)']);
  });
});

function words(cell: string): string[] {
  return cell.split(/[\s,`]+/).filter((word) => word !== '');
}

/** Labels that Prometheus adds, or that histograms have. */
const GIVEN = new Set(['job', 'instance', 'le']);

/** Names of metrics and of their labels in an expression that nothing exposes. */
function unknownIn(expr: string, exposed: Map<string, { labels: Set<string> }>): string[] {
  // Grafana fills its variables in.
  const text = expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', 'noetl');
  const unknown: string[] = [];
  parser.parse(text).iterate({
    enter: ({ type, node }) => {
      if (type.isError) unknown.push('(syntax)');
      if (type.name !== 'VectorSelector') return;
      const selector = node.getChild('Identifier');
      const name = selector ? text.slice(selector.from, selector.to) : '';
      const metric = exposed.get(name) ?? exposed.get(name.replace(/_(bucket|sum|count)$/, ''));
      if (!metric) unknown.push(name);
      for (const [, label = ''] of text.slice(node.from, node.to).matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g))
        if (metric && !GIVEN.has(label) && !metric.labels.has(label)) unknown.push(`${name}{${label}}`);
    },
  });
  return unknown;
}
