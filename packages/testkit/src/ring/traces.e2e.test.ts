/** Spans of executions, as a collector gets them from all processes: one trace, each part under what it belongs to. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fetchAsAdmin } from '../auth.ts';
import { startPlatform, waitFor, type TestPlatform } from '../index.ts';
import { RingClient } from './client.ts';

/** A span in OTLP's JSON. */
interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: { code: number; message?: string };
  links?: { traceId: string; spanId: string }[];
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[];
  /** `service.name` of its process. */
  service: string | undefined;
}

const OK = 1;
const ERROR = 2;
const CALLER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };

const spans: Span[] = [];
/** `traceparent` of the requests that the http tool has made. */
const carried: (string | undefined)[] = [];
let server: Server;
let platform: TestPlatform;
let ring: RingClient;

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => (text += part.toString()));
    request.on('end', () => {
      if (request.url === '/v1/traces') collect(JSON.parse(text));
      else carried.push(request.headers.traceparent as string | undefined);
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  platform = await startPlatform({
    workers: 2,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_BSP_SCHEDULE_DELAY: '50' },
  });
  ring = await RingClient.connect(platform);
  const head = (path: string): string =>
    `apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: x, path: ${path}}\nworkflow:\n`;
  await ring.register(`${head('traced/child')}- {step: start, tool: {kind: noop}}`);
  await ring.register(
    `${head('traced/broken')}- {step: start, tool: {kind: python, code: "raise ValueError()"}}`,
  );
  await ring.register(`${head('traced/whole')}
- {step: start, tool: {kind: noop}, next: {arcs: [{step: each}]}}
- step: each
  loop: {in: 6, iterator: n, spec: {mode: parallel, max_in_flight: 2}}
  tool: {kind: http, url: "${url}/item"}
  next: {arcs: [{step: below}]}
- {step: below, tool: {kind: playbook, path: traced/child, return_step: start}}
`);
});

afterAll(async () => {
  await ring.close();
  await platform.stop();
  await new Promise((resolve) => server.close(resolve));
});

function collect(body: unknown): void {
  const { resourceSpans } = body as {
    resourceSpans: {
      resource: { attributes: Span['attributes'] };
      scopeSpans: { spans: Omit<Span, 'service'>[] }[];
    }[];
  };
  for (const { resource, scopeSpans } of resourceSpans) {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue;
    for (const scope of scopeSpans) spans.push(...scope.spans.map((span) => ({ ...span, service })));
  }
}

function attribute(span: Span, name: string): string | number | undefined {
  const value = span.attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? value?.intValue;
}

async function start(path: string, traceparent?: string): Promise<string> {
  const response = await fetchAsAdmin(`${platform.url}/api/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(traceparent !== undefined && { traceparent }) },
    body: JSON.stringify({ path }),
  });
  return ((await response.json()) as { execution_id: string }).execution_id;
}

/** Spans of an execution, once its own has come, and those of its steps and of all its items: each process sends its. */
async function spansOf(executionId: string, { steps = 0, items = 0 } = {}): Promise<Span[]> {
  return waitFor(
    () => {
      const found = spans.filter((span) => attribute(span, 'noetl.execution_id') === executionId);
      const counted = found.reduce((sum, span) => sum + Number(attribute(span, 'noetl.items') ?? 0), 0);
      const of = (kind: string) => found.filter((span) => attribute(span, 'noetl.kind') === kind).length;
      const complete = counted === items && of('loop') === (items > 0 ? 1 : 0) && of('step') >= steps;
      return complete && found.some((span) => attribute(span, 'noetl.status')) && found;
    },
    { what: `the spans of ${executionId}` },
  );
}

test('the trace of the caller goes on: execution, steps, loop, chunks, child, and requests of the http tool', async () => {
  const id = await start('traced/whole', `00-${CALLER.traceId}-${CALLER.spanId}-01`);
  expect((await ring.ended(id)).status).toBe('COMPLETED');
  const found = await spansOf(id, { steps: 2, items: 6 });
  const one = (name: string, kind?: string): Span => {
    const all = found.filter((span) => span.name === name && attribute(span, 'noetl.kind') === kind);
    expect({ name, count: all.length }).toEqual({ name, count: 1 });
    return all[0] as Span;
  };
  const execution = one('traced/whole');
  expect(execution).toMatchObject({
    parentSpanId: CALLER.spanId,
    status: { code: OK },
    service: 'noetl-api',
  });
  const loop = one('each', 'loop');
  expect(loop).toMatchObject({ parentSpanId: execution.spanId, service: 'noetl-aggregator' });
  for (const name of ['start', 'below'])
    expect(one(name, 'step')).toMatchObject({ parentSpanId: execution.spanId, service: 'noetl-worker' });
  const chunks = found.filter((span) => attribute(span, 'noetl.kind') === 'chunk');
  expect(chunks.length).toBeGreaterThan(0);
  for (const chunk of chunks) {
    expect(chunk.parentSpanId).toBe(loop.spanId);
    expect(chunk.links).toMatchObject([{ traceId: CALLER.traceId, spanId: loop.spanId }]);
  }
  expect(new Set(found.map(({ traceId }) => traceId))).toEqual(new Set([CALLER.traceId]));
  for (const { startTimeUnixNano, endTimeUnixNano } of found)
    expect(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano)).toBe(true);

  const byChunk = new Set(chunks.map(({ spanId }) => `00-${CALLER.traceId}-${spanId}-01`));
  expect(carried).toHaveLength(6);
  expect(new Set(carried)).toEqual(byChunk);

  const [child] = await ring.sql<{ id: string }>(
    'SELECT execution_id::text AS id FROM noetl.execution WHERE parent_execution_id = $1',
    [id],
  );
  const below = (await spansOf(child?.id ?? '')).find(({ name }) => name === 'traced/child');
  expect(below).toMatchObject({ traceId: CALLER.traceId, parentSpanId: execution.spanId });
});

test('without a caller an execution has a trace of its own; what fails is marked', async () => {
  const id = await start('traced/broken', 'not a trace');
  expect((await ring.ended(id)).status).toBe('FAILED');
  const found = await spansOf(id, { steps: 1 });
  const execution = found.find(({ name }) => name === 'traced/broken');
  expect(execution?.parentSpanId ?? '').toBe('');
  expect(execution?.status.code).toBe(ERROR);
  expect(found.find(({ name }) => name === 'start')).toMatchObject({
    traceId: execution?.traceId,
    parentSpanId: execution?.spanId,
    status: { code: ERROR },
  });
  expect(execution?.traceId).not.toBe(CALLER.traceId);
});

test('a caller whose trace is not recorded has none recorded for it', async () => {
  const silent = await start('traced/child', `00-${CALLER.traceId}-${CALLER.spanId}-00`);
  const later = await start('traced/child');
  await ring.ended(silent);
  await ring.ended(later);
  await spansOf(later);
  expect(spans.filter((span) => attribute(span, 'noetl.execution_id') === silent)).toEqual([]);
});
